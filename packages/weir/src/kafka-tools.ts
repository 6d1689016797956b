// Entry of the scripts in bin/kafka.
import { runKafkaTool } from '@weir/cli/kafka'

await runKafkaTool(process.argv[1] ?? '')
