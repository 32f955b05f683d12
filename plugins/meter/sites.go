package meter

// siteKind is what the rewriter does at a place in a function's code.
type siteKind byte

const (
	siteNone    siteKind = iota
	siteCharge           // before: pay val, and look at the fuel if tested
	siteCall             // instead: call function val, an index of the original
	siteRefFunc          // instead: a reference to function val
	siteReturn           // instead: a branch by val labels to the common exit
	siteFill             // instead of memory.fill
	siteCopy             // instead of memory.copy
	siteInit             // instead of memory.init of segment val, which is longer than a chunk
	siteBytes            // before: pay for as many bytes as the operand says
	siteEntries          // before: pay for as many table entries
	sitePages            // before: pay for as many pages
)

// site is a place in a function's code where the rewritten one differs.
type site struct {
	at     uint32 // in body.code
	val    uint32
	kind   siteKind
	size   uint8 // bytes of the original that it replaces
	tested bool  // of a charge: the fuel is looked at
	again  bool  // of a charge: it is at the head of a loop, which a branch can begin anew
}

// region is a stretch of code that is paid for at once, at its first instruction: all that runs at most once for each
// time that it is entered. It goes on after a construct that control cannot leave other than by its end, and over a
// branch that leaves it (a side exit) if little follows.
type region struct {
	site   int32
	exit   int32 // site where the region is cut if more follows its first side exit than earlyExit, or -1
	weight uint64
	after  uint64 // of weight, after that side exit
}

const (
	earlyExit = 16    // weight that may be paid for in vain when a region is left early
	longRun   = 5_000 // weight after which fuel is looked at even without a loop
)

// analysis is what the walks over all functions left behind.
type analysis struct {
	sites []site
	calls []uint32 // by index of m.bodies
}

// plan decides where fuel is looked at: on entry to a function and in each loop, and where much has been paid since.
func (m *module) plan() {
	for i := range m.bodies {
		b := &m.bodies[i]
		debt := uint64(0)
		sites := m.a.sites[b.sites[0]:b.sites[1]]
		for j := range sites {
			s := &sites[j]
			switch s.kind {
			case siteCharge:
				b.keeps = b.keeps || s.again && b.called == 0
				if j == 0 {
					s.tested = !b.quiet && !b.toLoop
				}
				s.tested = s.tested || debt > longRun
				if s.tested {
					debt = 0
				}
				debt += uint64(s.val)
			case siteCall:
				if c := int(s.val) - len(m.imports); c >= 0 && m.bodies[c].quiet {
					debt += m.bodies[c].spend
				}
			}
		}
	}
}
