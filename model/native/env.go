package native

// Name is what an engine is called where kernels compute in its place.
const Name = "bf16 kernels"

// EnvVar switches this package off where it is "off", for who wants an engine's vectors in bf16.
const EnvVar = "HIVES_BF16_KERNELS"
