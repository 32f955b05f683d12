package bench

import (
	"bytes"
	"encoding/binary"

	"eventrelay/relay/transport/wsclient"
)

// stream is what a scanner keeps of one connection.
type stream struct {
	subscriber int  // whose events count; -1: nobody's
	deflate    bool // permessage-deflate was negotiated

	fragmented bool   // a message is under way
	compressed bool   // it is deflated
	message    []byte // its fragments so far

	reply []byte // frames to send
}

// scanner finds the events in what connections receive. The zero-copy path is for whole, plain messages.
type scanner struct {
	marker  marker
	word    uint64
	at      int // where the last message had its mark: most likely the next has it there
	book    *ledger
	now     int64 // of the read that is being scanned
	mask    uint32
	inflate inflater
	answers []answer
}

// answer is what a protocol on top of WebSocket wants to hear: a message, and what is sent whenever it comes.
type answer struct{ message, reply string }

// maxMessage is the largest message that is taken.
const maxMessage = 16 << 20

// Frame bits of RFC 6455 §5.2.
const (
	bitFin    = 0x80
	bitRSV1   = 0x40
	bitsRSV23 = 0x30
	bitMask   = 0x80

	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// scan takes the whole frames at the beginning of p and returns how many bytes they are. A *wsclient.CloseError says that
// the server closed, a *wsclient.ProtocolError that it broke the rules.
func (s *scanner) scan(c *stream, p []byte) (int, error) {
	used := 0
	for len(p)-used >= 2 {
		q := p[used:]
		head, n := 2, int(q[1])
		if n > 125 {
			var err error
			if head, n, err = longLength(q); head == 0 || err != nil {
				return used, err
			}
		}
		if len(q)-head < n {
			return used, nil
		}
		body := q[head : head+n]
		used += head + n
		if op := q[0]; (op == bitFin|opText || op == bitFin|opBinary) && !c.fragmented {
			s.find(c, body)
		} else if err := s.unusual(c, op, body); err != nil {
			return used, err
		}
	}
	return used, nil
}

// longLength reads a length that does not fit into seven bits. A head of 0: more bytes are needed.
func longLength(p []byte) (head, n int, err error) {
	switch {
	case p[1]&bitMask != 0:
		return 0, 0, broken("a masked frame") // §5.1: a server must not mask
	case p[1] == 126 && len(p) >= 4:
		return 4, int(binary.BigEndian.Uint16(p[2:])), nil
	case p[1] == 127 && len(p) >= 10:
		n := binary.BigEndian.Uint64(p[2:])
		if n > maxMessage {
			return 0, 0, &wsclient.ProtocolError{Code: wsclient.CodeTooBig, Reason: "a frame of more than 16 MiB"}
		}
		return 10, int(n), nil
	}
	return 0, 0, nil
}

func broken(reason string) error {
	return &wsclient.ProtocolError{Code: wsclient.CodeProtocol, Reason: reason}
}

// find takes the events in a message: one, several, or none.
func (s *scanner) find(c *stream, m []byte) {
	at := s.at
	if len(m) < at+markLen || binary.LittleEndian.Uint64(m[at:]) != s.word {
		if at = s.index(m); at < 0 {
			s.other(c, m)
			return
		}
		s.at = at
	}
	for at >= 0 {
		s.book.take(c.subscriber, s.now, readMark(m[at+markerLen:]))
		m = m[at+markLen:]
		at = s.index(m)
	}
}

// other takes a message without an event.
func (s *scanner) other(c *stream, m []byte) {
	s.book.count.Other++
	for i := range s.answers {
		if a := &s.answers[i]; string(m) == a.message {
			c.reply = appendFrame(c.reply, opText, s.mask, []byte(a.reply))
		}
	}
}

// index returns where the first mark in m is, or -1.
func (s *scanner) index(m []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(m[from:], markerByte)
		if i < 0 || len(m)-from-i < markLen {
			return -1
		}
		from += i
		if binary.LittleEndian.Uint64(m[from:]) == s.word {
			return from
		}
		from++
	}
}

// unusual takes a frame that is not a whole, plain message.
func (s *scanner) unusual(c *stream, first byte, body []byte) error {
	op, fin, deflated := first&15, first&bitFin != 0, first&bitRSV1 != 0
	switch {
	case first&bitsRSV23 != 0 || deflated && (!c.deflate || op != opText && op != opBinary):
		return broken("a frame with reserved bits")
	case op == opText || op == opBinary:
		if c.fragmented {
			return broken("a message inside another")
		}
		if fin {
			return s.whole(c, deflated, body)
		}
		c.fragmented, c.compressed = true, deflated
		c.message = append(c.message[:0], body...)
		return nil
	case op == opContinuation:
		return s.continued(c, fin, body)
	}
	return s.control(c, op, fin, body)
}

func (s *scanner) continued(c *stream, fin bool, body []byte) error {
	switch {
	case !c.fragmented:
		return broken("a continuation of nothing")
	case len(c.message)+len(body) > maxMessage:
		return &wsclient.ProtocolError{Code: wsclient.CodeTooBig, Reason: "a message of more than 16 MiB"}
	}
	c.message = append(c.message, body...)
	if !fin {
		return nil
	}
	c.fragmented = false
	return s.whole(c, c.compressed, c.message)
}

func (s *scanner) whole(c *stream, deflated bool, body []byte) error {
	if !deflated {
		s.find(c, body)
		return nil
	}
	marks, err := s.inflate.marks(s, body)
	if err != nil {
		return broken(err.Error())
	}
	for _, m := range marks {
		s.book.take(c.subscriber, s.now, m)
	}
	if len(marks) == 0 {
		s.other(c, s.inflate.text.Bytes())
	}
	return nil
}

func (s *scanner) control(c *stream, op byte, fin bool, body []byte) error {
	if !fin || len(body) > 125 { // §5.5
		return broken("a long or fragmented control frame")
	}
	switch op {
	case opPing:
		c.reply = appendFrame(c.reply, opPong, s.mask, body)
	case opPong:
	case opClose:
		e := &wsclient.CloseError{Code: wsclient.CodeNoStatus}
		if len(body) >= 2 {
			e.Code, e.Reason = int(binary.BigEndian.Uint16(body)), string(body[2:])
		}
		return e
	default:
		return broken("an unknown opcode")
	}
	return nil
}

// appendFrame appends a whole frame as clients send it, masked (§5.3). Forecasting a mask is a danger to proxies and not
// to a bench, so one mask serves a whole run.
func appendFrame(dst []byte, op byte, mask uint32, body []byte) []byte {
	dst, at := beginFrame(dst, op, len(body))
	return endFrame(append(dst, body...), at, mask)
}

// beginFrame appends a frame's head for a body of n bytes, which is appended next, and returns where the mask goes.
func beginFrame(dst []byte, op byte, n int) (_ []byte, at int) {
	dst = append(dst, bitFin|op)
	switch {
	case n <= 125:
		dst = append(dst, bitMask|byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, bitMask|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, bitMask|127), uint64(n))
	}
	return append(dst, 0, 0, 0, 0), len(dst)
}

// endFrame masks the body that was appended after a head.
func endFrame(dst []byte, at int, mask uint32) []byte {
	binary.LittleEndian.PutUint32(dst[at:], mask)
	body := dst[at+4:]
	wide := uint64(mask)<<32 | uint64(mask)
	for len(body) >= 8 {
		binary.LittleEndian.PutUint64(body, binary.LittleEndian.Uint64(body)^wide)
		body = body[8:]
	}
	for i := range body {
		body[i] ^= byte(mask >> (8 * (i & 3)))
	}
	return dst
}
