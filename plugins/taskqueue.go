package plugins

// taskQueue is a first-in-first-out queue. It keeps its memory while it is in use, and gives up what a burst took.
type taskQueue struct {
	tasks []task
	head  int
}

// keptTasks is how much room an empty queue keeps.
const keptTasks = 256

func (q *taskQueue) len() int { return len(q.tasks) - q.head }

func (q *taskQueue) push(t task) {
	if q.head > len(q.tasks)/2 && len(q.tasks) == cap(q.tasks) {
		n := copy(q.tasks, q.tasks[q.head:])
		clear(q.tasks[n:])
		q.tasks, q.head = q.tasks[:n], 0
	}
	q.tasks = append(q.tasks, t)
}

func (q *taskQueue) pop() (task, bool) {
	if q.head == len(q.tasks) {
		return task{}, false
	}
	t := q.tasks[q.head]
	q.tasks[q.head] = task{}
	q.head++
	if q.head == len(q.tasks) {
		q.reset()
	}
	return t, true
}

func (q *taskQueue) reset() {
	q.tasks, q.head = q.tasks[:0], 0
	if cap(q.tasks) > keptTasks {
		q.tasks = nil
	}
}

// remove takes out the tasks that which selects; the others keep their order.
func (q *taskQueue) remove(which func(*task) bool) (removed []task) {
	kept := q.tasks[:q.head]
	for i := q.head; i < len(q.tasks); i++ {
		if t := q.tasks[i]; which(&t) {
			removed = append(removed, t)
		} else {
			kept = append(kept, t)
		}
	}
	clear(q.tasks[len(kept):])
	q.tasks = kept
	if q.head == len(q.tasks) {
		q.reset()
	}
	return removed
}
