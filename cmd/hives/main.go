// Command hives prepares data, evaluates models and answers questions about them.
package main

import "hives/internal/cli"

func main() { cli.Main(cli.Command(newRoot())) }
