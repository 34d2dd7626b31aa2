package native

import (
	"github.com/gomlx/compute"

	"hives/model/transformer"
)

// Name is what an engine is called where kernels compute in its place.
const Name = "bf16 kernels"

// EnvVar switches this package off where it is "off", for who wants an engine's vectors in bf16.
const EnvVar = "HIVES_BF16_KERNELS"

// InPlaceOf tells whether a model that is asked for in bf16 is computed here and not by a backend: where it Fits,
// unless the backend has memory of its own, as a GPU has.
func InPlaceOf(backend compute.Backend, arch transformer.Architecture) bool {
	return backend.HasSharedBuffers() && Fits(arch)
}
