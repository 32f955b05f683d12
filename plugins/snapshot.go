package plugins

import (
	"bytes"
	"slices"
)

// image is what a guest's memory held after its start. Instances that came out the same share it. Immutable.
type image struct {
	size  int     // of the memory
	pages []int32 // by page: where its content begins in data, or -1 for zeros
	data  []byte
}

// imagePage is the unit of comparing and copying: small enough to skip most of what an event left alone, large enough
// for comparing to run at the speed of memory.
const imagePage = 4096

var zeroPage [imagePage]byte

// newImage copies a memory. Its length is a multiple of 64 KiB.
func newImage(mem []byte) *image {
	im := &image{size: len(mem), pages: make([]int32, 0, len(mem)/imagePage)}
	for page := range slices.Chunk(mem, imagePage) {
		at := int32(-1)
		if !bytes.Equal(page, zeroPage[:]) {
			at = int32(len(im.data))
			im.data = append(im.data, page...)
		}
		im.pages = append(im.pages, at)
	}
	im.data = slices.Clip(im.data)
	return im
}

// page returns what page i held.
func (im *image) page(i int) []byte {
	if at := im.pages[i]; at >= 0 {
		return im.data[at : at+imagePage]
	}
	return zeroPage[:]
}

// equal reports whether mem holds what the image does.
func (im *image) equal(mem []byte) bool {
	if len(mem) != im.size {
		return false
	}
	for i := range im.pages {
		if !bytes.Equal(mem[i*imagePage:][:imagePage], im.page(i)) {
			return false
		}
	}
	return true
}

// restore makes mem, which is as large as it was then, hold what the image does. Pages that are the same are only read:
// writing them would cost memory that the guest never touched.
func (im *image) restore(mem []byte) {
	for i := range im.pages {
		now := mem[i*imagePage:][:imagePage]
		if then := im.page(i); !bytes.Equal(now, then) {
			copy(now, then)
		}
	}
}
