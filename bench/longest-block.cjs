// Loaded into a server before it starts: on SIGUSR2 it writes the milliseconds of its longest block since the last time.
const { writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const resolution = 1;
const histogram = monitorEventLoopDelay({ resolution });
histogram.enable();
process.on('SIGUSR2', () => {
  writeFileSync(process.env.LONGEST_BLOCK_FILE, `${Math.max(0, histogram.max / 1e6 - resolution)}\n`);
  histogram.reset();
});
