package transport

// departure hands out, bit by bit, the connections that stood when a drain began.
type departure[T any] struct {
	left  []T
	total int
}

func newDeparture[T any](all []T) *departure[T] { return &departure[T]{all, len(all)} }

// next returns those that go now, so that share of all have gone.
func (d *departure[T]) next(share float64) []T {
	keep := min(int(float64(d.total)*(1-share)), len(d.left))
	leaving := d.left[keep:]
	d.left = d.left[:keep]
	return leaving
}
