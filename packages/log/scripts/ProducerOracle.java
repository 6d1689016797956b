// Kafka's own producer state as an oracle: reads operations, one a line, and says what Kafka answers.
// D pid epoch firstSequence count isTransactional: a client's batch. M pid epoch isCommit coordinatorEpoch: a marker.
// H offset: the high watermark. R: forget everything. Run by compare-producers.mjs.

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.CompletedTxn;
import org.apache.kafka.storage.internals.log.LogOffsetMetadata;
import org.apache.kafka.storage.internals.log.ProducerAppendInfo;
import org.apache.kafka.storage.internals.log.ProducerStateEntry;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;

public class ProducerOracle {
    static final long TIMESTAMP = 1_767_225_600_000L;
    static ProducerStateManager manager;
    static long endOffset;
    static Method findDuplicate;

    public static void main(String[] args) throws Exception {
        findDuplicate = ProducerStateEntry.class.getDeclaredMethod("findDuplicateBatch", RecordBatch.class);
        findDuplicate.setAccessible(true);
        reset();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in), 1 << 16);
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out), 1 << 16);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] part = line.split(" ");
            String answer;
            if (part[0].equals("R")) {
                reset();
                answer = "-";
            } else if (part[0].equals("H")) {
                manager.onHighWatermarkUpdated(Long.parseLong(part[1]));
                answer = "-";
            } else {
                answer = append(part);
            }
            Optional<LogOffsetMetadata> unstable = manager.firstUnstableOffset();
            out.write(answer + " " + (unstable.isPresent() ? unstable.get().messageOffset : -1));
            out.newLine();
        }
        out.flush();
    }

    static void reset() throws Exception {
        manager = new ProducerStateManager(new TopicPartition("t", 0), Files.createTempDirectory("oracle").toFile(),
            900_000, new ProducerStateManagerConfig(86_400_000, false), Time.SYSTEM);
        endOffset = 0;
    }

    static String append(String[] part) {
        long producerId = Long.parseLong(part[1]);
        short epoch = Short.parseShort(part[2]);
        boolean isMarker = part[0].equals("M");
        MemoryRecords records;
        if (isMarker) {
            ControlRecordType type = part[3].equals("1") ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
            records = MemoryRecords.withEndTransactionMarker(endOffset, TIMESTAMP, 0, producerId, epoch,
                new EndTransactionMarker(type, Integer.parseInt(part[4])));
        } else {
            SimpleRecord[] all = new SimpleRecord[Integer.parseInt(part[4])];
            for (int index = 0; index < all.length; index++) all[index] = new SimpleRecord(TIMESTAMP, null, new byte[1]);
            records = MemoryRecords.withRecords((byte) 2, endOffset, Compression.NONE, TimestampType.CREATE_TIME,
                producerId, epoch, Integer.parseInt(part[3]), 0, part[5].equals("1"), all);
        }
        RecordBatch batch = records.batches().iterator().next();
        AppendOrigin origin = isMarker ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT;
        try {
            Optional<ProducerStateEntry> last = manager.lastEntry(producerId);
            if (!isMarker && last.isPresent()) {
                Optional<?> duplicate = (Optional<?>) findDuplicate.invoke(last.get(), batch);
                if (duplicate.isPresent()) {
                    Object metadata = duplicate.get();
                    Method first = metadata.getClass().getMethod("firstOffset");
                    first.setAccessible(true);
                    return "duplicate@" + first.invoke(metadata);
                }
            }
            ProducerAppendInfo info = manager.prepareUpdate(producerId, origin);
            Optional<LogOffsetMetadata> at = batch.isTransactional() ? Optional.of(new LogOffsetMetadata(endOffset)) : Optional.empty();
            Optional<CompletedTxn> completed = info.append(batch, at, (short) 1);
            manager.update(info);
            String aborted = "";
            if (completed.isPresent()) {
                long stable = manager.lastStableOffset(completed.get());
                if (completed.get().isAborted()) aborted = "/aborted:" + completed.get().firstOffset() + ":" + stable;
                manager.completeTxn(completed.get());
            }
            String answer = "appended@" + endOffset + aborted;
            endOffset = batch.nextOffset();
            manager.updateMapEndOffset(endOffset);
            return answer;
        } catch (RuntimeException error) {
            if (System.getenv("TRACE") != null) error.printStackTrace();
            return error.getClass().getSimpleName();
        } catch (ReflectiveOperationException error) {
            return error.toString();
        }
    }
}
