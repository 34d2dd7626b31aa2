// Command train fine-tunes a Qwen3-Embedding model on human values.
package main

import "hives/internal/cli"

func main() { cli.Main(cli.Command(newRoot())) }
