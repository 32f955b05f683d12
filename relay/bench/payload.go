package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// MinSize is the smallest payload that has room for a mark.
const MinSize = len(payloadHead) + markLen + len(payloadEnd)

const (
	payloadHead = `{"bench":"`
	payloadEnd  = `"}`
	padHead     = `","pad":[`
	padEnd      = `]}`
)

// payload is an event of a fixed size: JSON in which the digits of the mark are still to be written.
type payload struct {
	text   []byte
	digits int // where they begin
}

// newPayload makes one of size bytes, at least MinSize. What is left beside the mark is filled with JSON as events have
// it, not with one byte repeated, which would compress and parse like nothing real.
func newPayload(size int, m marker) payload {
	var b strings.Builder
	b.WriteString(payloadHead)
	b.Write(m[:])
	p := payload{digits: b.Len()}
	b.WriteString(strings.Repeat(string(zero), 32))
	if room := size - b.Len() - len(padHead) - len(padEnd); room < 2 {
		b.WriteString(`"` + strings.Repeat(" ", size-b.Len()-len(payloadEnd)) + `}`)
	} else {
		b.WriteString(padHead + pad(room) + padEnd)
	}
	p.text = []byte(b.String())
	return p
}

// pad returns the elements of a JSON array in exactly n bytes, n at least 2.
func pad(n int) string {
	r := rand.New(rand.NewPCG(1, 2)) // the same in every run, so that runs compare
	var b strings.Builder
	for {
		item := fmt.Sprintf(`{"id":%d,"item":%q,"qty":%d,"price":%d.%02d,"city":%q},`,
			r.IntN(1e6), pick(r, "tea", "coffee", "pepper", "salt", "saffron"), 1+r.IntN(9), r.IntN(200), r.IntN(100),
			pick(r, "Lisbon", "Hamburg", "Aleppo", "Canton", "Muscat"))
		if b.Len()+len(item)+2 > n { // the string at the end takes two quotes at least
			break
		}
		b.WriteString(item)
	}
	b.WriteByte('"')
	for b.Len() < n-1 {
		b.WriteByte("etaoinshrdlu "[r.IntN(13)])
	}
	b.WriteByte('"')
	return b.String()
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// template is what a publisher sends for an event: text with the payload and the topic in it.
type template struct {
	payload payload
	pieces  []piece
	topics  bool // it names the topic
}

// piece is literal text, or stands for the payload or the topic.
type piece struct {
	text string // {payload}, {topic}, or literal; pieces are cut at the first two, so no literal looks like them
}

const (
	wordPayload = "{payload}"
	wordTopic   = "{topic}"
	wordSize    = "{size}"
)

// newTemplate reads text, in which {payload}, {topic} and {size} are replaced.
func newTemplate(text string, p payload) (template, error) {
	t := template{payload: p, topics: strings.Contains(text, wordTopic)}
	if strings.Count(text, wordPayload) != 1 {
		return t, fmt.Errorf("%.60q must have %s in it, once", text, wordPayload)
	}
	text = strings.ReplaceAll(text, wordSize, fmt.Sprint(len(p.text)))
	for text != "" {
		at, word := len(text), ""
		for _, w := range []string{wordPayload, wordTopic} {
			if i := strings.Index(text, w); i >= 0 && i < at {
				at, word = i, w
			}
		}
		for _, s := range []string{text[:at], word} {
			if s != "" {
				t.pieces = append(t.pieces, piece{s})
			}
		}
		text = text[at+len(word):]
	}
	return t, nil
}

// append renders the event m of topic. It allocates only for dst to grow.
func (t *template) append(dst []byte, m mark, topic string) []byte {
	for _, p := range t.pieces {
		switch p.text {
		case wordPayload:
			at := len(dst) + t.payload.digits
			dst = append(dst, t.payload.text...)
			m.put(dst[at:])
		case wordTopic:
			dst = append(dst, topic...)
		default:
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// size returns how long an event of topic is.
func (t *template) size(topic string) int {
	n := 0
	for _, p := range t.pieces {
		switch p.text {
		case wordPayload:
			n += len(t.payload.text)
		case wordTopic:
			n += len(topic)
		default:
			n += len(p.text)
		}
	}
	return n
}

func replaceTopic(text, topic string) string { return strings.ReplaceAll(text, wordTopic, topic) }
