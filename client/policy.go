package client

import hivesv1 "hives/proto/hives/v1"

// ServiceConfig is how a client of embedd should behave, in gRPC's own form: round robin over every address of
// the target, and up to four tries of calls that found no server or lost it. Embedding changes nothing on the
// server, so trying again is safe. The throttle stops retries while more than half of the calls fail. It is
// proto/hives/v1/service_config.json, which the Python client carries too.
//
// RESOURCE_EXHAUSTED is not in the list: its pause is the server's to name (RetryInfo), and Client waits for it.
var ServiceConfig = hivesv1.ServiceConfig
