'use strict';

// Preloaded into a process that is measured: at its end it writes its peak memory in KiB to the file PEAK_MEMORY_FILE.
// Linux counts what the parent used before the program was started into maxRSS; VmHWM is the program's alone.
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => {
  const highWater = process.platform === 'linux' && /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'));
  const peak = highWater ? Number(highWater[1]) : process.resourceUsage().maxRSS;
  writeFileSync(process.env['PEAK_MEMORY_FILE'], String(peak));
});
