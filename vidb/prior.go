package vidb

import (
	"math"
	"os"

	"gonum.org/v1/gonum/mat"

	"hives/internal/fault"
	"hives/internal/npy"
)

// vectorPrior says of each text what its vector lets expect of its utility: a ridge regression of the utilities so far
// on the vectors. A text's own utility has no part in its expectation, so that it is not believed twice.
//
// The vectors do not change between rounds, so that everything but the utilities is computed once: for each fold and
// penalty the factor of XᵀX + λI over the other folds.
type vectorPrior struct {
	x       *mat.Dense // [N, d] unit vectors, centred
	factors [folds][len(penalties)]mat.Cholesky
}

const folds = 5

// penalties are λ for each 90 texts; which is taken, the texts left out decide.
var penalties = [4]float64{.01, .1, 1, 10}

// readPrior reads a matrix whose row i is the vector of the pool's text i.
func readPrior(path string, v *Value) (*vectorPrior, error) {
	rows, err := poolVectors(path, v)
	if err != nil {
		return nil, err
	}
	return newPrior(rows)
}

// poolVectors are of the texts of a pool.
func poolVectors(path string, v *Value) ([][]float32, error) {
	return readVectors("--prior-vectors", path, len(v.Texts), "a pool of %d texts: embed the lines that hives vidb pool "+
		"--texts writes")
}

// readVectors reads a matrix of n rows, with finite numbers. The sentence says what the rows should be of.
func readVectors(flag, path string, n int, sentence string) ([][]float32, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "%s: %w", flag, err)
	}
	defer in.Close()
	rows, err := npy.ReadFloat32(in)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "%s %s: %w", flag, path, err)
	}
	if len(rows) != n || len(rows[0]) == 0 {
		return nil, fault.New(fault.Mismatch, "%s %s: %d vectors for "+sentence, flag, path, len(rows), n)
	}
	for i, row := range rows {
		for _, x := range row {
			if x64 := float64(x); math.IsNaN(x64) || math.IsInf(x64, 0) {
				return nil, fault.New(fault.Corrupt, "%s %s: vector %d (from 0) holds %v: embed again, and check the engine "+
					"(hives engine check)", flag, path, i, x)
			}
		}
	}
	return rows, nil
}

// newPrior centres the vectors and factors the matrices of all folds.
func newPrior(rows [][]float32) (*vectorPrior, error) {
	n, d := len(rows), len(rows[0])
	p := &vectorPrior{x: mat.NewDense(n, d, nil)}
	for j := range d {
		var mean float64
		for i := range n {
			mean += float64(rows[i][j]) / float64(n)
		}
		for i := range n {
			p.x.Set(i, j, float64(rows[i][j])-mean)
		}
	}
	// N·d² for each fold, once: 10⁴ texts of 384 numbers take some seconds, and then a round costs as much as reading
	// them.
	for fold := range folds {
		gram := mat.NewSymDense(d, nil)
		for i := range n {
			if i%folds != fold {
				gram.SymRankOne(gram, 1, p.x.RowView(i))
			}
		}
		for at, penalty := range penalties {
			ridge := mat.NewSymDense(d, nil)
			ridge.CopySym(gram)
			for j := range d {
				ridge.SetSym(j, j, ridge.At(j, j)+penalty*float64(n)/90)
			}
			if !p.factors[fold][at].Factorize(ridge) {
				return nil, fault.New(fault.Invalid, "--prior-vectors: the vectors are not finite")
			}
		}
	}
	return p, nil
}

// expect is each text's utility by its vector, from the texts of the other folds, and the variance of what is left,
// under the penalty that leaves least.
//
// Five folds by place, which is the order of a hash. The penalty is chosen for each round by what it leaves in the
// texts that it was not fitted to: little at first, when utilities are mostly noise.
func (p *vectorPrior) expect(theta []float64) (mean []float64, variance float64) {
	variance = math.Inf(1)
	for at := range penalties {
		got, left := p.outOfFold(theta, at)
		if left < variance {
			mean, variance = got, left
		}
	}
	return mean, variance
}

func (p *vectorPrior) outOfFold(theta []float64, at int) (mean []float64, left float64) {
	n, d := p.x.Dims()
	mean = make([]float64, n)
	for fold := range folds {
		right, weights := mat.NewVecDense(d, nil), mat.NewVecDense(d, nil)
		for i, t := range theta {
			if i%folds != fold {
				right.AddScaledVec(right, t, p.x.RowView(i))
			}
		}
		if p.factors[fold][at].SolveVecTo(weights, right) != nil {
			return mean, math.Inf(1)
		}
		for i := fold; i < n; i += folds {
			mean[i] = mat.Dot(weights, p.x.RowView(i))
			left += (theta[i] - mean[i]) * (theta[i] - mean[i]) / float64(n)
		}
	}
	return mean, left
}

// blend is utilities and errors with what the vectors let expect: means weighted by how sure each is. What is left
// beyond the utilities' own errors is the vectors' error.
//
//	θ 2 ± 1, the vector says 0 ± 1     1 ± .71
//	θ 2 ± .2, the vector says 0 ± 1    1.9 ± .2
func (p *vectorPrior) blend(theta, se []float64) (blended, errors []float64) {
	mean, left := p.expect(theta)
	noise := 0.
	for _, s := range se {
		noise += s * s / float64(len(se))
	}
	variance := max(left-noise, .05*left)
	blended, errors = make([]float64, len(theta)), make([]float64, len(theta))
	// Precisions add: the surer of the two has the greater say.
	for i := range theta {
		own, prior := 1/(se[i]*se[i]), 1/variance
		blended[i] = (theta[i]*own + mean[i]*prior) / (own + prior)
		errors[i] = 1 / math.Sqrt(own+prior)
	}
	return blended, errors
}
