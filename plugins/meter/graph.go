package meter

// Functions that spend little between looks at the fuel, with all they call, need not look as they begin; those that
// need little stack need not count it.
const (
	quietFuel = 128
	flatStack = 2 << 10
)

// graph finds the functions that are flat or quiet. It takes each function after those it calls; what takes part in
// recursion, or calls by table, never has its turn and is neither.
func (m *module) graph() {
	callers, first := m.callers()
	pending := make([]int, len(m.bodies))
	var ready []int
	for i := range m.bodies {
		b := &m.bodies[i]
		pending[i] = b.calls[1] - b.calls[0]
		if pending[i] == 0 && !b.indirect {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		m.judge(&m.bodies[i])
		for _, c := range callers[first[i]:first[i+1]] {
			if pending[c]--; pending[c] == 0 && !m.bodies[c].indirect {
				ready = append(ready, int(c))
			}
		}
	}
}

// callers returns who calls function i, once per call: callers[first[i]:first[i+1]].
func (m *module) callers() (callers []uint32, first []int) {
	first = make([]int, len(m.bodies)+2)
	for _, callee := range m.a.calls {
		first[callee+2]++
	}
	for i := 2; i < len(first); i++ {
		first[i] += first[i-1]
	}
	callers = make([]uint32, len(m.a.calls))
	for i := range m.bodies {
		for _, callee := range m.a.calls[m.bodies[i].calls[0]:m.bodies[i].calls[1]] {
			callers[first[callee+1]] = uint32(i)
			first[callee+1]++
		}
	}
	return callers, first
}

// judge says what a function is whose callees have been judged.
func (m *module) judge(b *body) {
	b.flat, b.quiet, b.spend = true, true, b.weight
	deepest := uint64(0)
	for _, c := range m.a.calls[b.calls[0]:b.calls[1]] {
		callee := &m.bodies[c]
		b.flat = b.flat && callee.flat
		deepest = max(deepest, callee.need)
		b.quiet = b.quiet && callee.quiet
		b.spend += callee.spend
	}
	b.need = b.frameBytes() + deepest
	b.flat = b.flat && b.need <= flatStack
	b.quiet = b.quiet && b.spend <= quietFuel
}
