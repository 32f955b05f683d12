package plugins

// compiling is held by the one compilation that is under way: a compiler takes memory and time by the size of what it
// compiles, and all of a core.
var compiling = make(chan struct{}, 1)

// inBackground runs work on a thread of low priority, one at a time, and returns when it is done: compiling a large
// module takes seconds, in which the lanes and the loops go first.
func inBackground(work func() error) error {
	compiling <- struct{}{}
	defer func() { <-compiling }()
	done := make(chan error, 1)
	go func() {
		lowerPriority()
		done <- work()
	}()
	return <-done
}
