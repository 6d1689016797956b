"""librdkafka as a load, through confluent_kafka: produces RECORDS records to a topic, or consumes as many.

usage: librdkafka-perf.py produce|consume BOOTSTRAP TOPIC RECORDS RECORD_BYTES

Prints {"records": N, "seconds": S}: from the first record to the last acknowledgement, or from the
assignment of partitions to the last record.
"""
import os
import sys
import time

from confluent_kafka import Consumer, Producer

IDLE_TIMEOUT_SECONDS = 30
CONSUME_BATCH = 10_000


def produce(bootstrap, topic, records, record_bytes):
    failures = []
    delivered = 0

    def on_delivery(error, _message):
        nonlocal delivered
        if error is None:
            delivered += 1
        else:
            failures.append(str(error))

    producer = Producer({'bootstrap.servers': bootstrap, 'acks': 'all', 'linger.ms': 5})
    payload = os.urandom(record_bytes)
    started = time.monotonic()
    for _ in range(records):
        while True:
            try:
                producer.produce(topic, payload, on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    producer.flush(IDLE_TIMEOUT_SECONDS)
    seconds = time.monotonic() - started
    if failures:
        sys.exit(f'{len(failures)} records were not delivered: {failures[0]}')
    return delivered, seconds


def consume(bootstrap, topic, records, _record_bytes):
    assigned = None

    def on_assign(_consumer, _partitions):
        nonlocal assigned
        assigned = time.monotonic()

    consumer = Consumer({
        'bootstrap.servers': bootstrap,
        'group.id': f'{topic}-librdkafka',
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': False,
    })
    consumer.subscribe([topic], on_assign=on_assign)
    count = 0
    last = time.monotonic()
    while count < records and time.monotonic() - last < IDLE_TIMEOUT_SECONDS:
        messages = consumer.consume(min(CONSUME_BATCH, records - count), timeout=0.1)
        for message in messages:
            if message.error() is not None:
                sys.exit(str(message.error()))
        if messages:
            count += len(messages)
            last = time.monotonic()
    consumer.close()
    return count, last - (assigned or last)


def main():
    mode, bootstrap, topic, records, record_bytes = sys.argv[1:]
    run = {'produce': produce, 'consume': consume}[mode]
    count, seconds = run(bootstrap, topic, int(records), int(record_bytes))
    print(f'{{"records": {count}, "seconds": {seconds:.6f}}}')


main()
