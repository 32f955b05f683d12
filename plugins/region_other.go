//go:build !unix

package plugins

// region is a slice of Go's heap where addresses cannot be reserved.
type region struct{ b []byte }

func reserve(size uint64) region { return region{make([]byte, size)} }

func (r region) size() uint64 { return uint64(len(r.b)) }

func (r region) use(size uint64) []byte { return r.b[:size:size] }

func (r region) zero(used uint64) bool {
	clear(r.b[:used])
	return true
}

func (r region) release() {}
