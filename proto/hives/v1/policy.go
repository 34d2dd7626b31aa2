package hivesv1

import _ "embed"

// ServiceConfig is how a client of embedd should behave, in gRPC's own form. It is a file, so that clients in other
// languages carry the same one: service_config.json.
//
//go:embed service_config.json
var ServiceConfig string
