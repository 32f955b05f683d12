package broadcaster

import (
	"strings"

	"eventrelay/relay"
)

// index finds the feeds that a topic goes to. Literal patterns, usually most of them, are one map lookup; patterns with
// wildcards are found through a trie, whose answers are cached per topic until the set of wildcard feeds changes.
// Guarded by Broadcaster.mu.
type index struct {
	literals map[relay.Topic]*feed // chained by feed.next
	wilds    map[relay.Pattern]*feed
	root     node
	cache    map[relay.Topic][]*feed
}

// maxCached bounds the cache: a flood of distinct topics clears it, and costs a trie walk each.
const maxCached = 4096

// node is one token's place in the trie. '*' and '>' are children like any other.
type node struct {
	children map[string]*node
	feeds    *feed // those whose pattern ends here, chained by feed.next
}

func newIndex() index {
	return index{literals: map[relay.Topic]*feed{}, wilds: map[relay.Pattern]*feed{}, cache: map[relay.Topic][]*feed{}}
}

// find returns the feed of s, or nil and how many others its pattern has.
func (x *index) find(s relay.Subscription, form relay.Form) (f *feed, others int) {
	head := x.wilds[s.Pattern]
	if s.Pattern.Literal() {
		head = x.literals[relay.Topic(s.Pattern)]
	}
	for f := head; f != nil; f = f.next {
		if f.form == form && f.called() == s.Name {
			return f, others
		}
		others++
	}
	return nil, others
}

func (x *index) add(f *feed) {
	if f.pattern.Literal() {
		t := relay.Topic(f.pattern)
		f.next, x.literals[t] = x.literals[t], f
		return
	}
	f.next, x.wilds[f.pattern] = x.wilds[f.pattern], f
	x.setNode(f.pattern, f)
}

func (x *index) remove(f *feed) {
	if f.pattern.Literal() {
		setOrDelete(x.literals, relay.Topic(f.pattern), unlink(x.literals[relay.Topic(f.pattern)], f))
		return
	}
	head := unlink(x.wilds[f.pattern], f)
	setOrDelete(x.wilds, f.pattern, head)
	x.setNode(f.pattern, head)
}

func unlink(head, f *feed) *feed {
	if head == f {
		return f.next
	}
	for g := head; g != nil; g = g.next {
		if g.next == f {
			g.next = f.next
		}
	}
	return head
}

func setOrDelete[K comparable](m map[K]*feed, k K, f *feed) {
	if f == nil {
		delete(m, k)
		return
	}
	m[k] = f
}

// setNode makes head the feeds of pattern p in the trie, and prunes what holds nothing.
func (x *index) setNode(p relay.Pattern, head *feed) {
	clear(x.cache)
	path := []*node{&x.root}
	toks := strings.Split(string(p), ".")
	for _, tok := range toks {
		n := path[len(path)-1]
		child := n.children[tok]
		if child == nil {
			child = &node{}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[tok] = child
		}
		path = append(path, child)
	}
	path[len(toks)].feeds = head
	for i := len(toks); i > 0 && path[i].feeds == nil && len(path[i].children) == 0; i-- {
		delete(path[i-1].children, toks[i-1])
	}
}

// match calls yield for each feed that t goes to.
func (x *index) match(t relay.Topic, yield func(*feed)) {
	for f := x.literals[t]; f != nil; f = f.next {
		yield(f)
	}
	if len(x.wilds) == 0 {
		return
	}
	for _, f := range x.wild(t) {
		yield(f)
	}
}

func (x *index) wild(t relay.Topic) []*feed {
	if fs, ok := x.cache[t]; ok {
		return fs
	}
	if len(x.cache) >= maxCached {
		clear(x.cache)
	}
	fs := x.root.collect(string(t), nil)
	x.cache[relay.Topic(strings.Clone(string(t)))] = fs // NOTE: t may be a piece of a large request body.
	return fs
}

func (n *node) collect(rest string, fs []*feed) []*feed {
	tok, rest, more := strings.Cut(rest, ".")
	if c := n.children[">"]; c != nil {
		fs = chain(fs, c.feeds)
	}
	for _, c := range [...]*node{n.children[tok], n.children["*"]} {
		switch {
		case c == nil:
		case more:
			fs = c.collect(rest, fs)
		default:
			fs = chain(fs, c.feeds)
		}
	}
	return fs
}

func chain(fs []*feed, f *feed) []*feed {
	for ; f != nil; f = f.next {
		fs = append(fs, f)
	}
	return fs
}

// each calls yield for every feed.
func (x *index) each(yield func(*feed)) {
	for _, head := range x.literals {
		for f := head; f != nil; f = f.next {
			yield(f)
		}
	}
	for _, head := range x.wilds {
		for f := head; f != nil; f = f.next {
			yield(f)
		}
	}
}
