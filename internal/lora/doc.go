// Package lora reads and writes low-rank adapters in the layout of Hugging Face's PEFT, and merges them into
// the model that they were made for.
//
// A folder holds adapter_config.json and adapter_model.safetensors. Tensors are named
// base_model.model.MODULE.lora_A.weight [rank, in] and …lora_B.weight [out, rank], MODULE as in transformers'
// model without a head, "layers.3.self_attn.q_proj"; one more "model." before it, as adapters of a language
// model with its head have, is read as well. The product counts lora_alpha/r, or lora_alpha/√r with
// use_rslora.
//
// The caller owes the base that an adapter was made for. An adapter that this package wrote knows the SHA-256
// of it. Refused by name: adapters that are more than W + s·B·A on linear layers (DoRA, biases, trained
// embeddings or heads, patterns of alpha, activated LoRA, initialisations that change the base), keys of which nothing
// is known, modules that the base lacks, shapes that do not fit, numbers that are not finite, and pickled weights.
//
// An example: q_proj [2,048 × 1,024] at rank 16 has A [16, 1,024] and B [2,048, 16], 49,152 numbers in place of
// 2,097,152. With alpha 32 the merged weight is W + 2·B·A.
//
// Where to begin: adapter.go (a folder into a model, and back), pairs.go (what a folder adds, without a model),
// config.go and configkeys.go (PEFT's configuration), merge.go (hives merge).
package lora
