package sdk

// topics remembers topics as strings, so that a topic seen before costs no allocation and yet is an ordinary string
// that a filter may keep, as the key of a map for instance. A view of the buffer would change under such a key.
var topics interned

type interned [256]string // a hash table of one entry per slot; the newest wins

func (t *interned) get(b []byte) string {
	slot := &t[slotOf(b)]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// slotOf hashes b (FNV-1a).
func slotOf(b []byte) uint8 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return uint8(h ^ h>>8 ^ h>>16)
}
