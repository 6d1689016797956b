// Entry of the scripts in bin/kafka.
import { runKafkaToolProcess } from '@weir/cli/kafka'

await runKafkaToolProcess()
