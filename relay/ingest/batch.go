package ingest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"unsafe"

	"eventrelay/relay"
)

// chunk is how many items are published in one call.
const chunk = 256

// Few events share the memory of their payloads and ids, since one that stays, for a client that is slow, keeps all that
// it shares. None shares that of the event itself, as that would keep the payloads of all others, however large.
const (
	sharedIDs      = 16      // ids that lie side by side
	sharedPayloads = 2 << 10 // bytes of payloads that do; one that is larger than a quarter lies alone
)

// item is where in the body an item of a batch lies.
type item struct{ start, end int }

// reader makes an event of an item.
type reader func(x *exchange, ev *relay.Event, it item) *fault

// batch is the scratch memory of publishing, kept between requests.
type batch struct {
	items   []item
	evs     []*relay.Event
	results []relay.Result
	faults  []*fault // by item of the chunk; nil: it became an event
	ids     []byte
	payload []byte // room for small payloads of a chunk; the events keep it, and the next get another; nil outside
	failed  int    // items whose status is not 200
	full    error  // why no further chunk is tried
}

// one returns the arguments that publish a single event.
func (b *batch) one(ev *relay.Event) ([]*relay.Event, []relay.Result) {
	b.evs = append(b.evs[:0], ev)
	b.results = append(b.results[:0], relay.Result{})
	return b.evs, b.results
}

// copy returns a copy of p. Small ones of a chunk share memory.
func (b *batch) copy(p []byte) []byte {
	if b.payload == nil || len(p) > sharedPayloads/4 {
		return append(make([]byte, 0, len(p)), p...)
	}
	if len(p) > cap(b.payload)-len(b.payload) {
		b.payload = make([]byte, 0, sharedPayloads)
	}
	start := len(b.payload)
	b.payload = append(b.payload, p...)
	return b.payload[start:len(b.payload):len(b.payload)]
}

// text returns a copy of p as a string. Like a payload it is never changed.
func (b *batch) text(p []byte) string {
	c := b.copy(p)
	return unsafe.String(unsafe.SliceData(c), len(c))
}

// release lets go of what the last request published.
func (b *batch) release() {
	clear(b.evs[:cap(b.evs)])
	clear(b.results[:cap(b.results)])
	b.payload, b.full = nil, nil
}

// lines publishes each line of the body that is not blank.
func (x *exchange) lines() answer {
	items, body := x.batch.items[:0], x.body
	for start := 0; start < len(body); {
		end := len(body)
		if i := bytes.IndexByte(body[start:], '\n'); i >= 0 {
			end = start + i
		}
		if len(bytes.Trim(body[start:end], " \t\r")) > 0 {
			items = append(items, item{start, end})
		}
		if len(items) > x.h.opts.MaxBatch {
			return x.tooMany()
		}
		start = end + 1
	}
	x.batch.items = items
	return x.publishItems(x.itemReader((*exchange).payloadItem))
}

// array publishes each element of the array that the body is. The array is checked as a whole before any is published,
// since behind a syntax error there are no elements.
func (x *exchange) array(read reader) answer {
	items := x.batch.items[:0]
	x.scan.Reset(x.body)
	for ok := x.scan.Enter('['); ok && x.scan.Next(); {
		raw, offset, valid := x.scan.Value()
		if !valid {
			break
		}
		if items = append(items, item{offset, offset + len(raw)}); len(items) > x.h.opts.MaxBatch {
			return x.tooMany()
		}
	}
	x.batch.items = items
	if f := x.scan.Err(); f != nil {
		return x.refuse(x.composed(&fault{f.Offset, badJSON + f.Reason}))
	}
	return x.publishItems(read)
}

func (x *exchange) tooMany() answer {
	return x.refuse(&problem{
		status: http.StatusRequestEntityTooLarge,
		detail: "the batch holds more than " + strconv.Itoa(x.h.opts.MaxBatch) + " events (publish.max_batch); nothing was published; send smaller ones",
	})
}

// itemReader chooses what an item is: a payload when the request names the topic, else an object that does.
func (x *exchange) itemReader(payload reader) reader {
	if x.target.named {
		return payload
	}
	return (*exchange).wrappedItem
}

// checkedItem is payloadItem for the elements of an array, which has been checked as a whole.
func (x *exchange) checkedItem(ev *relay.Event, it item) *fault {
	ev.Attributes = x.shared(relay.KindJSON)
	ev.Kind, ev.Payload = relay.KindJSON, x.batch.copy(x.body[it.start:it.end])
	return nil
}

// payloadItem makes an event of an item that is its payload.
func (x *exchange) payloadItem(ev *relay.Event, it item) *fault {
	ev.Attributes = x.shared(relay.KindJSON)
	return x.content(ev, relay.KindJSON, x.body[it.start:it.end], it.start)
}

// publishItems publishes the items chunk by chunk.
func (x *exchange) publishItems(read reader) answer {
	b := &x.batch
	if len(b.items) == 0 {
		return x.refuse(badRequest("the batch holds no event"))
	}
	b.failed, b.full = 0, nil
	x.out = append(x.out[:0], `{"results":[`...)
	at := locator{data: x.body}
	for items := range slices.Chunk(b.items, chunk) {
		x.readChunk(items, read)
		x.publishChunk()
		x.report(items, &at)
	}
	x.out[len(x.out)-1] = ']' // in place of the last comma
	x.out = appendNumber(x.out, "items", len(b.items))
	x.out = append(appendNumber(x.out, "failed", b.failed), '}', '\n')
	return answer{status: http.StatusOK, body: x.out}
}

// readChunk makes events of the items that are sound, and notes the faults of the others.
func (x *exchange) readChunk(items []item, read reader) {
	b := &x.batch
	b.evs, b.faults = b.evs[:0], b.faults[:0]
	if b.payload == nil {
		b.payload = make([]byte, 0, sharedPayloads)
	}
	for _, it := range items {
		ev := new(relay.Event)
		*ev = x.event()
		f := read(x, ev, it)
		if f == nil {
			b.evs = append(b.evs, ev)
		}
		b.faults = append(b.faults, f)
	}
	for evs := range slices.Chunk(b.evs, sharedIDs) {
		x.mint(evs)
	}
}

// mint gives an id to the events that have none: one string for all.
func (x *exchange) mint(evs []*relay.Event) {
	ids := x.batch.ids[:0]
	for _, ev := range evs {
		if ev.ID == "" {
			ids = relay.AppendEventID(ids, x.now)
		}
	}
	x.batch.ids = ids
	all := string(ids)
	for _, ev := range evs {
		if ev.ID == "" {
			ev.ID, all = all[:relay.EventIDLen], all[relay.EventIDLen:]
		}
	}
}

// publishChunk sets results. After an event that was refused, a later chunk is refused unseen: it might overtake.
func (x *exchange) publishChunk() {
	b := &x.batch
	b.results = b.results[:0]
	for range b.evs {
		b.results = append(b.results, relay.Result{Err: b.full})
	}
	if b.full == nil && len(b.evs) > 0 {
		x.h.publisher.Publish(x.ctx, b.evs, b.results)
	}
	for i := range b.results {
		r := &b.results[i]
		x.note(r)
		if s := status(r); r.Err != nil && b.full == nil && s != http.StatusRequestEntityTooLarge {
			b.full = r.Err
		}
	}
}

// report appends the results of a chunk, in the order of its items.
func (x *exchange) report(items []item, at *locator) {
	b, next := &x.batch, 0
	for i := range items {
		x.out = append(x.out, '{')
		if f := b.faults[i]; f != nil {
			x.reportFault(f, at)
		} else {
			x.reportResult(b.evs[next], &b.results[next])
			next++
		}
		x.out = append(x.out, '}', ',')
	}
}

func (x *exchange) reportFault(f *fault, at *locator) {
	x.batch.failed++
	x.h.stats.invalid.Add(1)
	where := at.at(f.offset)
	x.out = appendNumber(x.out, "status", http.StatusBadRequest)
	x.out = appendText(x.out, "detail", f.detail(where))
	x.out = appendPlace(x.out, &where)
}

func (x *exchange) reportResult(ev *relay.Event, r *relay.Result) {
	s := status(r)
	x.out = appendNumber(x.out, "status", s)
	if s != http.StatusOK {
		x.batch.failed++
		x.out = appendText(x.out, "detail", detail(r))
	}
	x.out = appendOutcome(x.out, ev, r)
}
