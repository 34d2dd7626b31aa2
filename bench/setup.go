package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"hives/data"
	"hives/internal/engine"
	"hives/model/folder"
)

// rows are all rows, in the table's order.
func (b *bench) rows() []row {
	all := slices.Concat(b.startRows(), b.embedRows(), b.trainRows(), b.llmRows(), b.searchRows(), b.tokenRows(),
		b.rankRows(), b.serveRows(), b.growthRows())
	for i := range all {
		if all[i].peer.name != "" && all[i].goal == (goal{}) {
			all[i].goal.ratio = 1 // ahead of every peer
		}
	}
	return all
}

// worker is one of our sides. Those that compute with a model need a plugin, unless somebody chose the engine.
func (b *bench) worker(args ...string) side {
	s := side{name: "HiVES", command: append([]string{b.self, "worker"}, args...)}
	models := []string{"embed", "encode", "llm", "serve", "start", "train"}
	if slices.Contains(models, args[0]) && os.Getenv(engine.EnvVar) == "" && os.Getenv(engine.PluginEnvVar) == "" {
		s.needs = []need{{plugins(), "scripts/install_pjrt.sh cpu (or HIVES_ENGINE=go)"}}
	}
	return s
}

// plugins is the folder of the plugins: the first that is there.
func plugins() (dir string) {
	for _, root := range engine.Roots() {
		dir = filepath.Join(root, "pjrt")
		if _, err := os.Stat(dir); err == nil {
			break
		}
	}
	return dir
}

// python is a peer of peers/, in the environment of scripts/roundtrip.sh.
func (b *bench) python(name, script string, args ...string) side {
	python := os.Getenv("HIVES_ROUNDTRIP_PYTHON")
	if python == "" {
		python = filepath.Join(b.cache, "python-roundtrip", "bin", "python")
	}
	return side{name: name, command: append([]string{python, filepath.Join("bench", "peers", script)}, args...),
		needs: []need{{python, "scripts/roundtrip.sh --collect-only"}}}
}

// shape is a model of random weights, which cost what trained ones do: that of Qwen3-Embedding-0.6B, or fewer layers
// of it with the whole vocabulary.
type shape struct {
	b      *bench
	dir    string
	layers int
	config string // in place of the 0.6B's
}

func (b *bench) shape(name string, layers int) shape {
	return shape{b: b, dir: filepath.Join(b.work, name), layers: layers}
}

// weights is the number of those in the layers: the table is looked up and multiplies nothing.
func (s shape) weights() float64 { return float64(s.layers) * 15728640 }

// make writes the folder in the form that sentence-transformers and transformers read too. It stays for later runs.
func (s shape) make() error {
	if _, err := os.Stat(s.dir); err == nil {
		return nil
	}
	file, dtype := s.config, "float32"
	if file == "" {
		var err error
		if file, err = s.fewer(); err != nil {
			return err
		}
		dtype = "bfloat16"
	}
	cfg, err := folder.LoadConfig(file)
	if err != nil {
		return err
	}
	drawn := s.dir + ".drawn"
	defer os.RemoveAll(drawn)
	m, err := folder.Random(cfg, 1)
	if err != nil {
		return err
	}
	info := folder.Defaults()
	info.MaxLength = 256
	if err := folder.Save(drawn, m, "demo/model", info); err != nil {
		return err
	}
	return s.b.hives("export", "--model", drawn, "--out", s.dir, "--dtype", dtype)
}

// fewer writes the config of the 0.6B shape with other layers.
func (s shape) fewer() (string, error) {
	raw, err := os.ReadFile("bench/gpu/qwen3_06b.json")
	if err != nil {
		return "", err
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		return "", err
	}
	config["num_hidden_layers"] = s.layers
	if raw, err = json.Marshal(config); err != nil {
		return "", err
	}
	return s.dir + ".json", os.WriteFile(s.dir+".json", raw, 0o644)
}

// programs builds what rows start.
func (b *bench) programs() error {
	return b.call("go", "build", "-o", b.work+string(filepath.Separator), "./cmd/hives", "./cmd/embedd")
}

// hives calls the program of this checkout, as a user would.
func (b *bench) hives(args ...string) error {
	if err := b.programs(); err != nil {
		return err
	}
	return b.call(filepath.Join(b.work, "hives"), args...)
}

func (b *bench) call(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = b.log, b.log, b.root
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, b.lastWords())
	}
	return nil
}

// smollm2 is the pretrained language model as a folder that both sides read: its quantised numbers in float32.
func (b *bench) smollm2(dir string) error {
	if err := b.call("scripts/download_smollm2.sh", smollm2Folder); err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	return b.hives("export", "--model", smollm2Folder, "--out", dir)
}

const smollm2Folder = "out/SmolLM2-135M-Instruct"

// demoRows imports the demo's four corpora into one file of rows, anew in every call of the program.
func (b *bench) demoRows() (string, error) {
	all := filepath.Join(b.work, "rows.parquet")
	if b.imported {
		return all, nil
	}
	merge := []string{"data", "merge"}
	for corpus, in := range map[string]string{"valueeval": "valueeval", "mfrc": "mfrc", "social-chem": "social_chem",
		"moral-stories": "moral_stories"} {
		part := filepath.Join(b.work, corpus+".parquet")
		if err := b.hives("import", corpus, "--in", "demo/data/"+in, "--out", part); err != nil {
			return "", err
		}
		merge = append(merge, part)
	}
	slices.Sort(merge[2:])
	if err := b.hives(append(merge, "--out", all)...); err != nil {
		return "", err
	}
	b.imported = true
	return all, nil
}

// writeTexts writes n distinct texts of the demo's rows, a JSON string a line, from all over the file.
func (b *bench) writeTexts(path string, n int) error {
	file, err := b.demoRows()
	if err != nil {
		return err
	}
	rows, err := data.Read(file)
	if err != nil {
		return err
	}
	var texts, some []string
	for _, r := range rows {
		if len(texts) == 0 || texts[len(texts)-1] != r.Text {
			texts = append(texts, r.Text)
		}
	}
	for i := range n { // steps of a prime, so that neighbours differ
		some = append(some, texts[i*7919%len(texts)])
	}
	return writeLines(path, some)
}
