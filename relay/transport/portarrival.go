package transport

import (
	"errors"
	"os"
	"sync/atomic"
	"time"

	"eventrelay/relay"
)

// decide has the filters decide about an admitted handshake, if some has a hook, and reports whether it may go on. The
// connection's goroutine waits; how many do is bounded by how many the filters take.
func (c *portConn) decide() bool {
	srv := c.driver.srv
	asks, refusal := srv.asks(c.admitted)
	if asks {
		refusal = c.await()
	}
	if refusal == nil {
		return true
	}
	srv.release()
	if refusal == errLost {
		_ = c.raw.Close()
	} else {
		c.refuse(refusal)
	}
	return false
}

// errLost says that the client has gone: nobody is to be answered.
var errLost = new(relay.Refusal)

// await asks the filters and waits for what they decide, reading meanwhile, as nothing else tells of a client that goes.
func (c *portConn) await() *relay.Refusal {
	w := waiter{
		conn: c, arrival: newArrival(c.admitted, c.Remote(0), nil),
		deadline: time.Now().Add(c.driver.options.hookTimeout()), answers: make(chan relay.Admission, 1),
	}
	_ = c.raw.SetReadDeadline(w.deadline)
	if err := c.driver.hooks.Connect(&w.arrival.Arrival, w.answer); err != nil {
		return notAsked(err)
	}
	adm, refusal := w.wait()
	if refusal != nil {
		w.giveUp()
		return refusal
	}
	if refusal := w.arrival.judge(adm); refusal != nil {
		c.driver.unwanted(adm)
		return refusal
	}
	c.admitted = &w.arrival.upgrade
	return nil
}

// waiter waits for the filters' answer about one handshake.
type waiter struct {
	conn     *portConn
	arrival  *arrival
	deadline time.Time
	answers  chan relay.Admission // capacity 1; never closed
	taken    atomic.Bool          // by whoever settles what becomes of the answer
}

// answer is called by the filters. It interrupts the reading first: a deadline that came later would end the session.
func (w *waiter) answer(adm relay.Admission) {
	if !w.taken.CompareAndSwap(false, true) {
		w.conn.driver.unwanted(adm)
		return
	}
	_ = w.conn.raw.SetReadDeadline(time.Now())
	w.answers <- adm
}

// wait reads until the answer comes, and keeps what came early.
func (w *waiter) wait() (adm relay.Admission, refusal *relay.Refusal) {
	c := w.conn
	buf := make([]byte, readBuffer)
	for len(c.early) < readBuffer { // a client that sends more before it is let in is not listened to
		n, err := c.raw.Read(buf)
		c.early = append(c.early, buf[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return adm, errLost
		}
	}
	if c.driver.srv.stopping.Load() {
		return adm, errStopping
	}
	late := time.NewTimer(time.Until(w.deadline))
	defer late.Stop()
	select {
	case adm := <-w.answers:
		return adm, nil
	case <-late.C:
		return adm, errUndecided
	case <-c.driver.quit:
		return adm, errLost
	}
}

// giveUp leaves the answer to nobody.
func (w *waiter) giveUp() {
	w.arrival.Gone.Store(true)
	if !w.taken.CompareAndSwap(false, true) {
		w.conn.driver.unwanted(<-w.answers)
	}
}
