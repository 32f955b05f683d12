package server

import "os"

// heapFloor is the memory below which garbage is not collected, beside what lives.
const heapFloor = 16 << 20

// newFloor returns memory that is never touched, so that it is none of the process's pages, but that the runtime counts
// as living: as long as it is reachable, the heap is collected each time that 16 MiB and what lives have been
// allocated, and not each 4 MiB, which a loaded relay whose clients cost it next to nothing does 70 times a second. Who
// sets GOGC or GOMEMLIMIT knows better.
func newFloor() []byte {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, heapFloor)
}
