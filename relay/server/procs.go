package server

import (
	"os"
	"runtime"
	"sync"

	"eventrelay/plugins"
	"eventrelay/relay/transport"
)

// cores is GOMAXPROCS as it was before raiseProcs.
var cores = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// lanes and loops settle "one per core" before raiseProcs makes GOMAXPROCS say something else.
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

// raiseProcs gives each epoll loop a P of its own. A loop that waits in epoll_wait holds its P until the runtime takes
// it back: measured on one core, publishes waited 13 to 19 ms longer without. Who sets GOMAXPROCS knows better.
func raiseProcs(o transport.Options) {
	if epoll := o.Driver == "epoll" || o.Driver != "portable" && runtime.GOOS == "linux"; !epoll || os.Getenv("GOMAXPROCS") != "" {
		return
	}
	if want := cores() + loops(o).Loops; runtime.GOMAXPROCS(0) < want {
		runtime.GOMAXPROCS(want)
	}
}
