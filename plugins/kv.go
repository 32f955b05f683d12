package plugins

import (
	"container/list"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// kv is a filter's key-value store. Its lanes share it, and it outlives reloads. It is bounded: what was written
// longest ago makes room for what is new. Safe for concurrent use; no call blocks for longer than a copy.
type kv struct {
	room atomic.Int64     // bytes
	now  func() time.Time // set before it is used

	mu    sync.Mutex
	items map[string]*list.Element // of *kvItem
	order list.List                // longest ago first
	bytes int
	early uint64 // how many items made room before they had expired
}

type kvItem struct {
	key     string
	value   []byte
	expires time.Time // zero: never
}

// kvOverhead is what an item takes beside its key and value. It bounds how many there are.
const kvOverhead = 128

var (
	// errKVFull is returned when an item is larger than the store.
	errKVFull = errors.New("no room")
	// errKVNumber is returned when a value that should be a number is not 8 bytes long.
	errKVNumber = errors.New("the value is not 8 bytes long")
)

func newKV(room int64) *kv {
	s := &kv{now: time.Now, items: map[string]*list.Element{}}
	s.room.Store(room)
	return s
}

// configure sets how many bytes there is room for.
func (s *kv) configure(room int64) {
	s.room.Store(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	for int64(s.bytes) > room {
		s.remove(s.order.Front())
	}
}

func (i *kvItem) size() int { return kvOverhead + len(i.key) + len(i.value) }

// fits reports whether an item is not larger than the store. What does not fit is neither hashed nor copied, as it may
// be as large as a guest's memory.
func (s *kv) fits(key, value []byte) bool {
	return int64(kvOverhead+len(key)+len(value)) <= s.room.Load()
}

// get copies the value of key into out, if it fits, and returns its length.
func (s *kv) get(key, out []byte) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(key)
	if e == nil {
		return 0, false
	}
	item := e.Value.(*kvItem)
	if len(item.value) <= len(out) {
		copy(out, item.value)
	}
	return len(item.value), true
}

// value returns a copy of the value of key.
func (s *kv) value(key []byte) (value []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(key)
	if e == nil {
		return nil, false
	}
	return append([]byte{}, e.Value.(*kvItem).value...), true
}

// set gives key a value for ttl milliseconds, or for ever when ttl is 0; a negative ttl deletes the key. It reports
// whether there was room; if not, the key keeps what it has.
func (s *kv) set(key, value []byte, ttl int64) bool {
	if ttl < 0 {
		value = nil
	}
	if !s.fits(key, value) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.items[string(key)]; e != nil {
		s.remove(e)
	}
	if ttl < 0 {
		return true
	}
	s.insert(key, append([]byte(nil), value...), s.expiry(ttl))
	return true
}

// add adds delta to the number at key and returns the sum. An absent key is 0, and lives for ttl milliseconds.
func (s *kv) add(key []byte, delta, ttl int64) (int64, error) {
	var number [8]byte
	if !s.fits(key, number[:]) {
		return 0, errKVFull
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(key)
	if e == nil {
		s.insert(key, binary.LittleEndian.AppendUint64(nil, uint64(delta)), s.expiry(max(ttl, 0)))
		return delta, nil
	}
	item := e.Value.(*kvItem)
	if len(item.value) != 8 {
		return 0, errKVNumber
	}
	s.order.MoveToBack(e)
	sum := int64(binary.LittleEndian.Uint64(item.value)) + delta
	binary.LittleEndian.PutUint64(item.value, uint64(sum))
	return sum, nil
}

// maxTTL keeps a time that a guest asks for within what a clock can say.
const maxTTL = int64(100 * 365 * 24 * time.Hour / time.Millisecond)

func (s *kv) expiry(ttl int64) time.Time {
	if ttl == 0 {
		return time.Time{}
	}
	return s.now().Add(time.Duration(min(ttl, maxTTL)) * time.Millisecond)
}

// find returns the element of a key that has not expired, or nil.
func (s *kv) find(key []byte) *list.Element {
	if !s.fits(key, nil) {
		return nil
	}
	e := s.items[string(key)]
	if e == nil {
		return nil
	}
	item := e.Value.(*kvItem)
	if s.expired(item) {
		s.remove(e)
		return nil
	}
	return e
}

func (s *kv) expired(item *kvItem) bool {
	return !item.expires.IsZero() && !s.now().Before(item.expires)
}

// usage returns how many bytes the items take, and how many made room before they had expired.
func (s *kv) usage() (bytes int, early uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes, s.early
}

// insert adds an item that fits and whose key is not there. It keeps value.
func (s *kv) insert(key, value []byte, expires time.Time) {
	item := &kvItem{string(key), value, expires}
	for len(s.items) > 0 && int64(s.bytes+item.size()) > s.room.Load() {
		oldest := s.order.Front()
		if !s.expired(oldest.Value.(*kvItem)) {
			s.early++
		}
		s.remove(oldest)
	}
	s.items[item.key] = s.order.PushBack(item)
	s.bytes += item.size()
}

func (s *kv) remove(e *list.Element) {
	item := s.order.Remove(e).(*kvItem)
	delete(s.items, item.key)
	s.bytes -= item.size()
}
