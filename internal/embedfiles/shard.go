package embedfiles

import (
	"fmt"
	"strconv"
	"strings"

	"hives/internal/fault"
)

// Shard is part Index of Of; indices begin at 0, as Kubernetes numbers the pods of an indexed Job: in the fourth of
// 16 JOB_COMPLETION_INDEX is 3, and --shard 3/16.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// ParseShard reads "3/16". Shard 16/16 is refused: indices end at n − 1.
func ParseShard(s string) (Shard, error) {
	index, of, found := strings.Cut(s, "/")
	i, err1 := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	if !found || err1 != nil || err2 != nil || i < 0 || i >= n || n > maxShards {
		return Shard{}, fault.New(fault.Invalid, "shard %q: want i/n with i from 0 to n−1 and n up to %d, as 0/16", s,
			maxShards)
	}
	return Shard{i, n}, nil
}

// maxShards keeps the numbers in folder names at five digits.
const maxShards = 99999

// String is what ParseShard reads.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// folder is the shard's name under the output folder. n is in it, so that shards of two divisions never write into
// one.
func (s Shard) folder() string { return fmt.Sprintf("shard-%05d-of-%05d", s.Index, s.Of) }

// blocks are the shard's: a contiguous run, since a Parquet file is read forwards, of lengths that differ by one
// at most. to is exclusive.
//
//	10 blocks, 3 shards:  [0, 3)  [3, 6)  [6, 10)
//
// Invariant: every block belongs to exactly one shard, whatever n (TestShardsCoverEveryBlockOnce).
//
// More shards than blocks leave some without any: of 2 blocks and 3 shards they have [0, 0) [0, 1) [1, 2).
func (s Shard) blocks(total int) (from, to int) {
	return s.Index * total / s.Of, (s.Index + 1) * total / s.Of
}

// partName is a block's file; its number counts over the whole corpus. Names sort as the blocks do.
func partName(block int) string { return fmt.Sprintf("block-%08d.parquet", block) }
