import { VERSION } from "../version.ts";
import type { Call, TrainingApi } from "./route.ts";

interface Figure {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly (readonly [labels: string, value: number])[];
}

/** Figures of this server as Prometheus text, version 0.0.4. */
export function sendMetrics({ runs, subscriptions }: TrainingApi, { response }: Call): void {
  const { rows, values, duplicates, commits, refused } = runs.counters;
  const one = (value: number): Figure["samples"] => [["", value]];
  const figures: readonly Figure[] = [
    { name: "server_info", type: "gauge", help: "Version of the server.", samples: [[`{version="${VERSION}"}`, 1]] },
    {
      name: "runs",
      type: "gauge",
      help: "Runs by state.",
      samples: Object.entries(runs.countByState()).map(([state, count]) => [`{state="${state}"}`, count]),
    },
    { name: "rows_total", type: "counter", help: "Rows of points stored since the start.", samples: one(rows) },
    { name: "values_total", type: "counter", help: "Values stored since the start.", samples: one(values) },
    { name: "duplicate_rows_total", type: "counter", help: "Rows that had been stored before.", samples: one(duplicates) },
    { name: "refused_requests_total", type: "counter", help: "Requests with points that were refused.", samples: one(refused) },
    { name: "commits_total", type: "counter", help: "Commits of points.", samples: one(commits) },
    { name: "subscriptions", type: "gauge", help: "Open subscriptions.", samples: one(subscriptions.count) },
    { name: "uptime_seconds", type: "gauge", help: "Seconds since the process started.", samples: one(process.uptime()) },
    { name: "resident_memory_bytes", type: "gauge", help: "Memory of the process.", samples: one(process.memoryUsage.rss()) },
    { name: "cpu_seconds_total", type: "counter", help: "Processor time of the process.", samples: one(cpuSeconds()) },
  ];
  const text = figures
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(([labels, value]) => `trainyard_${name}${labels} ${value}\n`);
      return `# HELP trainyard_${name} ${help}\n# TYPE trainyard_${name} ${type}\n${lines.join("")}`;
    })
    .join("");
  response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
