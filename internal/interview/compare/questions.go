package compare

import (
	"context"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"hives/encoder"
	"hives/internal/chat"
	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/trainer/sft"
)

// PCA are questions at the first two principal components of their vectors.
type PCA struct {
	Encoder string     `json:"encoder"`
	Share   [2]float64 `json:"share"` // of the variance that a component explains
	Points  []PCAPoint `json:"points"`
}

// PCAPoint is one question.
type PCAPoint struct {
	Set  string  `json:"set"` // questionnaire, or the data's value
	Text string  `json:"text"`
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
}

const ofQuestionnaire = "questionnaire"

// drawQuestions embeds the inventory's questions and those of a file of rows, each once, and takes two components.
func drawQuestions(ctx context.Context, e encoder.Encoder, v *interview.Inventory, path string) (*PCA, error) {
	out := &PCA{}
	for _, it := range v.Items {
		out.Points = append(out.Points, PCAPoint{Set: ofQuestionnaire, Text: it.Text})
	}
	rows, _, err := sft.ReadFile(path)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, r := range rows {
		asked := r.Messages[len(r.Messages)-2]
		if key := r.ValueID + "\x00" + asked.Content; asked.Role == chat.User && !seen[key] {
			seen[key] = true
			out.Points = append(out.Points, PCAPoint{Set: "data " + r.ValueID, Text: asked.Content})
		}
	}
	inputs := make([]encoder.Input, len(out.Points))
	for i, p := range out.Points {
		inputs[i].Text = p.Text
	}
	vectors, who, err := e.Encode(ctx, inputs)
	if err != nil {
		return nil, err
	}
	out.Encoder = who.Name
	return out, out.project(vectors)
}

// project centres the vectors and takes their first two components. Of each the number of largest magnitude is
// positive, so that a picture has one sign.
func (p *PCA) project(vectors [][]float32) error {
	n, d := len(vectors), len(vectors[0])
	if n < 3 || d < 2 {
		return fault.New(fault.Invalid, "%d questions of %d numbers: want three questions or more", n, d)
	}
	x := mat.NewDense(n, d, nil)
	for i, row := range vectors {
		for k, v := range row {
			x.Set(i, k, float64(v))
		}
	}
	var pc stat.PC
	if !pc.PrincipalComponents(x, nil) {
		return fault.New(fault.Invalid, "the questions' vectors have no principal components")
	}
	total := 0.
	variances := pc.VarsTo(nil)
	for _, v := range variances {
		total += v
	}
	var directions mat.Dense
	pc.VectorsTo(&directions)
	for k := range d { // centring moves the picture alone
		mean := 0.
		for i := range n {
			mean += x.At(i, k) / float64(n)
		}
		for i := range n {
			x.Set(i, k, x.At(i, k)-mean)
		}
	}
	var at mat.Dense
	at.Mul(x, directions.Slice(0, d, 0, 2))
	for axis := range 2 {
		if total > 0 {
			p.Share[axis] = variances[axis] / total
		}
		sign, most := 1., 0.
		for i := range n {
			if v := at.At(i, axis); max(v, -v) > most {
				sign, most = 1, max(v, -v)
				if v < 0 {
					sign = -1
				}
			}
		}
		for i := range n {
			if axis == 0 {
				p.Points[i].X = sign * at.At(i, axis)
			} else {
				p.Points[i].Y = sign * at.At(i, axis)
			}
		}
	}
	return nil
}
