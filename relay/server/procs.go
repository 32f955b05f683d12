package server

import (
	"os"
	"runtime"
	"sync"
	"time"

	"eventrelay/plugins"
	"eventrelay/relay/transport"
)

// cores is GOMAXPROCS as it was before procs raised it.
var cores = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// lanes and loops settle "one per core" before procs makes GOMAXPROCS say something else.
func lanes(o plugins.Options) plugins.Options {
	if o.Lanes == 0 {
		o.Lanes = cores()
	}
	return o
}

func loops(o transport.Options) transport.Options {
	if o.Loops == 0 {
		o.Loops = cores()
	}
	return o
}

// quietTime is how long no loop must have been busy before its P is taken back.
const quietTime = 10 * time.Second

// procs raises GOMAXPROCS by the number of epoll loops while one of them is busy. A loop in a pass over thousands of
// clients sends without a wait, and the runtime would have HTTP requests wait for it: measured on one core, with 1,000
// clients and four publishers beside, an event took 22 ms (p99) to reach them all. But a P more than there are cores
// takes a sixth off what one core serves of single POSTs, so that loops which sleep most of the time get none.
type procs struct {
	raised int // what GOMAXPROCS is while a loop is busy; 0: it is left as it is

	mu     sync.Mutex
	last   time.Time   // guarded by mu: of the last call of busy
	timer  *time.Timer // guarded by mu: of lower; nil: not raised
	closed bool        // guarded by mu
}

// newProcs must be called after lanes and loops. Who sets GOMAXPROCS knows better.
func newProcs(o transport.Options) *procs {
	epoll := o.Driver == "epoll" || o.Driver != "portable" && runtime.GOOS == "linux"
	if !epoll || os.Getenv("GOMAXPROCS") != "" {
		return &procs{}
	}
	return &procs{raised: cores() + o.Loops}
}

// busy is called by loops that are busy, often.
func (p *procs) busy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
	if p.raised == 0 || p.timer != nil || p.closed {
		return
	}
	p.timer = time.AfterFunc(quietTime, p.lower)
	if runtime.GOMAXPROCS(0) < p.raised {
		runtime.GOMAXPROCS(p.raised)
	}
}

// lower undoes busy, if it was not called for a while.
func (p *procs) lower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil {
		return
	}
	if quiet := time.Since(p.last); quiet < quietTime {
		p.timer.Reset(quietTime - quiet)
		return
	}
	p.reset()
}

// reset needs mu.
func (p *procs) reset() {
	p.timer.Stop()
	p.timer = nil
	runtime.GOMAXPROCS(cores())
}

// close undoes busy for good. p may be nil.
func (p *procs) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.reset()
	}
}
