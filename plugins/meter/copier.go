package meter

// copier copies items of a section that has been read before, and shifts the indices of functions in them.
type copier struct {
	m    *module
	r    *reader
	from int // what is not yet in out
	out  []byte
}

// skipCount reads how many items follow, and leaves that out.
func (c *copier) skipCount() uint32 {
	n := c.r.u32()
	c.from = c.r.at
	return n
}

func (c *copier) done() []byte { return append(c.out, c.r.b[c.from:]...) }

func (c *copier) function() {
	at := c.r.at
	index := c.r.u32()
	c.out = appendU32(append(c.out, c.r.b[c.from:at]...), c.m.shifted(index))
	c.from = c.r.at
}

func (c *copier) constExpr() {
	if c.r.b[c.r.at] != opRefFunc {
		c.m.constExpr(c.r)
		return
	}
	c.r.byte()
	c.function()
	c.r.byte()
}

func (c *copier) element() {
	k := elementKind(c.r.u32())
	if k.active() {
		if k.explicit() {
			c.r.u32()
		}
		c.constExpr()
	}
	if k.typed() {
		c.r.byte()
	}
	for range c.r.count() {
		if k.expressions() {
			c.constExpr()
		} else {
			c.function()
		}
	}
}
