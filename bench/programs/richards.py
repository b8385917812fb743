"""Small methods on objects: Richards' simulation of an operating system's scheduler."""

IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
DEVICE, WORK = range(2)
RUNNABLE, SUSPENDED, HELD = 1, 2, 4
COUNT = 10000
EXPECTED = (23246, 9297)  # packets queued and tasks held in a correct run of COUNT


class Packet:
    def __init__(self, link, ident, kind):
        self.link = link
        self.ident = ident
        self.kind = kind
        self.datum = 0
        self.data = [0] * 4

    def add_to(self, queue):
        self.link = None
        if queue is None:
            return self
        last = queue
        while last.link is not None:
            last = last.link
        last.link = self
        return queue


class Task:
    """A task's control block; subclasses say what running it does."""

    def __init__(self, scheduler, ident, priority, queue):
        self.scheduler = scheduler
        self.ident = ident
        self.priority = priority
        self.queue = queue
        self.state = SUSPENDED if queue is None else SUSPENDED | RUNNABLE
        scheduler.add(self)

    def is_held_or_suspended(self):
        return self.state & HELD or self.state == SUSPENDED

    def mark_held(self):
        self.state |= HELD

    def mark_not_held(self):
        self.state &= ~HELD

    def mark_suspended(self):
        self.state |= SUSPENDED

    def run(self):
        packet = None
        if self.state == SUSPENDED | RUNNABLE:
            packet = self.queue
            self.queue = packet.link
            self.state = 0 if self.queue is None else RUNNABLE
        return self.work(packet)

    def check_priority_add(self, task, packet):
        if self.queue is None:
            self.queue = packet
            self.state |= RUNNABLE
            if self.priority > task.priority:
                return self
        else:
            self.queue = packet.add_to(self.queue)
        return task


class Idle(Task):
    def __init__(self, scheduler, ident, priority, queue):
        super().__init__(scheduler, ident, priority, queue)
        self.state = 0
        self.control = 1
        self.count = COUNT

    def work(self, packet):
        self.count -= 1
        if self.count == 0:
            return self.scheduler.hold_current()
        if self.control & 1 == 0:
            self.control >>= 1
            return self.scheduler.release(DEVICE_A)
        self.control = (self.control >> 1) ^ 0xD008
        return self.scheduler.release(DEVICE_B)


class Worker(Task):
    target = HANDLER_A
    letter = 0

    def work(self, packet):
        if packet is None:
            return self.scheduler.suspend_current()
        self.target = HANDLER_B if self.target == HANDLER_A else HANDLER_A
        packet.ident = self.target
        packet.datum = 0
        for i in range(4):
            self.letter = self.letter % 26 + 1
            packet.data[i] = self.letter
        return self.scheduler.enqueue(packet)


class Handler(Task):
    pending = None
    devices = None

    def work(self, packet):
        if packet is not None:
            if packet.kind == WORK:
                self.pending = packet.add_to(self.pending)
            else:
                self.devices = packet.add_to(self.devices)
        if self.pending is not None:
            count = self.pending.datum
            if count >= 4:
                done = self.pending
                self.pending = done.link
                return self.scheduler.enqueue(done)
            if self.devices is not None:
                device = self.devices
                self.devices = device.link
                device.datum = self.pending.data[count]
                self.pending.datum = count + 1
                return self.scheduler.enqueue(device)
        return self.scheduler.suspend_current()


class Device(Task):
    held = None

    def work(self, packet):
        if packet is not None:
            self.held = packet
            return self.scheduler.hold_current()
        if self.held is None:
            return self.scheduler.suspend_current()
        packet = self.held
        self.held = None
        return self.scheduler.enqueue(packet)


class Scheduler:
    def __init__(self):
        self.tasks = [None] * 6
        self.order = []
        self.current = None
        self.queued = 0
        self.held = 0

    def add(self, task):
        self.tasks[task.ident] = task
        task.next = self.order[-1] if self.order else None
        self.order.append(task)

    def run(self):
        task = self.order[-1]
        while task is not None:
            if task.is_held_or_suspended():
                task = task.next
            else:
                self.current = task
                task = task.run()

    def release(self, ident):
        task = self.tasks[ident]
        task.mark_not_held()
        return task if task.priority > self.current.priority else self.current

    def hold_current(self):
        self.held += 1
        self.current.mark_held()
        return self.current.next

    def suspend_current(self):
        self.current.mark_suspended()
        return self.current

    def enqueue(self, packet):
        task = self.tasks[packet.ident]
        self.queued += 1
        packet.link = None
        packet.ident = self.current.ident
        return task.check_priority_add(self.current, packet)


def packets(count, ident, kind):
    queue = None
    for _ in range(count):
        queue = Packet(queue, ident, kind)
    return queue


def run():
    scheduler = Scheduler()
    Idle(scheduler, IDLE, 0, None)
    Worker(scheduler, WORKER, 1000, packets(2, WORKER, WORK))
    Handler(scheduler, HANDLER_A, 2000, packets(3, DEVICE_A, DEVICE))
    Handler(scheduler, HANDLER_B, 3000, packets(3, DEVICE_B, DEVICE))
    Device(scheduler, DEVICE_A, 4000, None)
    Device(scheduler, DEVICE_B, 5000, None)
    scheduler.run()
    result = scheduler.queued, scheduler.held
    assert result == EXPECTED, result
    return result
