package plugins

import "context"

// keepSpares starts the goroutine that keeps a spare instance ready, since a stock-Go instance takes milliseconds.
func (f *filter) keepSpares() {
	f.want()
	f.done.Go(func() {
		for {
			select {
			case <-f.life.Done():
				return
			case <-f.wants:
			}
			if len(f.spare) == 0 { // only this goroutine adds to it
				if in, err := f.start(f.life); err == nil {
					f.spare <- in
				}
			}
		}
	})
}

// take returns a started instance: the spare, or a new one.
func (f *filter) take(ctx context.Context) (*instance, error) {
	select {
	case in := <-f.spare:
		f.want()
		return in, nil
	default:
	}
	in, err := f.start(ctx)
	if err == nil {
		f.want() // the one before may have failed to start
	}
	return in, err
}

func (f *filter) want() {
	select {
	case f.wants <- struct{}{}:
	default:
	}
}
