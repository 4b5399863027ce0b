#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { VERSION } from "../core/version.ts";
import { EXIT, exitStatusOf, reportFailure } from "./exit.ts";

/** Each command's code is loaded when it runs, so that `serve` starts without the engine and `--help` without anything. */
const program = new Command("trainyard")
  .description("Trains models live: a server with a page, and the same work from the terminal.")
  .version(VERSION)
  .exitOverride()
  .configureHelp({ showGlobalOptions: false })
  .addHelpText(
    "after",
    `
Exit status: 0 done, 1 the work failed, 2 the command or its input was wrong.

Examples:
  trainyard serve
  trainyard train samples/wine.csv --target cultivar --out wine-model
  trainyard train samples/diabetes.csv --target progression --algorithm GLMNET --tune alpha=0,0.5,1
  trainyard predict wine-model/model.tym samples/wine.csv
`,
  );

const collect = (value: string, all: string[]): string[] => [...all, value];

program
  .command("serve")
  .description("start the server and print the address of its page")
  .option("--port <number>", "port on this machine, 1024 to 49151 (0 picks a free one)")
  .option("--host <name>", "127.0.0.1, localhost or ::1; any other address needs TLS and a token", "127.0.0.1")
  .option("--token <text>", "the token that clients must show (default: TRAINYARD_TOKEN, else a new random one)")
  .option("--tls-cert <file>", "serve over TLS with this certificate (PEM)")
  .option("--tls-key <file>", "its private key (PEM)")
  .option("--tls-passphrase-env <name>", "environment variable with the passphrase of the key")
  .option("--hsts", "tell browsers to come over TLS only, for a year")
  .option("--data-dir <folder>", "where sessions, data, jobs and results are kept")
  .option("--daemons <number>", "worker processes for training (default: cores minus one, at least 1)")
  .option("--max-concurrent <number>", "jobs that run at once")
  .option("--max-sessions <number>", "sessions at most")
  .option("--max-handles <number>", "data sets per session at most")
  .option("--max-queued-jobs <number>", "jobs of one session that may wait in line")
  .option("--daemon-memory <MiB>", "what one worker process may use; one that uses more is ended and its job says so (default: no limit)")
  .option("--inbound-limit <MiB>", "what all clients together may have sent without an answer")
  .option("--session-ttl <seconds>", "forget sessions that nobody has used for so long")
  .option("--data-ttl <seconds>", "forget data sets that nobody has used for so long")
  .option("--gc-interval <seconds>", "how often to look for such")
  .option("--heartbeat <seconds>", "send a heartbeat event to every session (0: off)")
  .option("--origins <list>", "further page addresses that may connect, separated by commas")
  .option("--save-dir <folder>", "where job.save may write")
  .option("--prompts <folder>", "files that replace the prompts of the textual-gradient engine")
  .option("--open", "open the page in the browser, where there is one")
  .option("--verbosity <number>", "0 prints nothing, 1 the address and events, 2 more")
  .action(async (options) => (await import("./serve.ts")).serveCommand(options));

program
  .command("train")
  .description("train a model on a table and report honest metrics")
  .argument("[file]", "CSV, TSV, Parquet or Arrow file")
  .option("--config <file>", "JSON with what to train, or the record of a finished job, instead of the options below")
  .option("--validation <file>", "table that is watched while fitting, and tells when to stop, instead of a share of the training rows")
  .option("--test <file>", "table that judges the model, instead of folds")
  .option("--target <column>", "column to predict (default: the last)")
  .option("--algorithm <name>", "see `trainyard algorithms`", "LightGBM")
  .option("--task <kind>", "classification or regression (default: by the target)")
  .option("--features <columns>", "columns to predict from, separated by commas (default: all others)")
  .option("--set <name=value>", "set a hyperparameter; repeatable", collect, [])
  .option("--tune <name=v1,v2>", "search over values of a hyperparameter; repeatable", collect, [])
  .option("--preprocess <name=value>", "prepare the features, see `trainyard preprocessing`; repeatable", collect, [])
  .option("--folds <number>", "outer folds of cross-validation; 0 fits one model without testing it", "5")
  .option("--inner-folds <number>", "folds inside each outer fold, for tuning", "5")
  .option("--metric <name>", "metric that tuning decides by")
  .option("--group <column>", "rows with the same value stay in the same fold; not a feature")
  .option("--weights <column>", "case weights; not a feature")
  .option("--positive <label>", "positive class of a two-class target")
  .option("--seed <number>", "same seed, same numbers (default: drawn and printed)")
  .option("--daemons <number>", "worker processes (default: number of cores)")
  .option("--out <folder>", "save model, result and predictions there")
  .option("--json", "print one JSON document on standard output")
  .action(async (file, options, command: Command) => {
    const given = Object.keys(options).filter((name) => command.getOptionValueSource(name) === "cli");
    await (await import("./train.ts")).trainCommand(file, options, given);
  });

program
  .command("predict")
  .description("predict the rows of a table with a saved model")
  .argument("<model>", "model file, ending in .tym, or the folder that training wrote")
  .argument("<file>", "CSV, TSV, Parquet or Arrow file with the model's columns")
  .option("--out <file>", "write CSV there instead of to standard output")
  .option("--json", "print one JSON document instead of CSV")
  .action(async (model, file, options) => (await import("./predict.ts")).predictCommand(model, file, options));

program
  .command("algorithms")
  .description("list the algorithms, or one with its hyperparameters")
  .argument("[name]", "algorithm to describe")
  .option("--json", "print one JSON document")
  .action(async (name, options) => (await import("./algorithms.ts")).algorithmsCommand(name, options));

program
  .command("daemon")
  .description("run tasks for a program that listens at a URL (see docs/tasks.md)")
  .argument("<url>", "tcp://host:port, tls+tcp://host:port, ws://host:port/path, wss://… or ipc:///path")
  .option("--token <text>", "the host's join token (better: in the environment, TRAINYARD_TOKEN)")
  .option("--token-file <file>", "read it from a file; - is standard input")
  .option("--tls-ca <file>", "trust hosts that these authorities vouch for, PEM")
  .option("--auto-exit <mode>", "when the link ends: kill the running task, finish it, or persist and dial again", "kill")
  .option("--retry <seconds>", "keep dialling for so long, at the start and after a lost link")
  .option("--idle-time <seconds>", "leave after so long without a task")
  .option("--wall-time <seconds>", "leave at this age, between tasks")
  .option("--max-tasks <number>", "leave after so many tasks")
  .option("--no-cleanup", "keep what tasks leave behind")
  .option("--output", "print what tasks print")
  .option("--count <number>", "so many daemons in one program", "1")
  .option("--heartbeat <seconds>", "send the host a sign of life so often", "5")
  .option("--patience <seconds>", "without one from the host for so long, the link counts as lost", "60")
  .option("--verbosity <number>", "0 prints nothing, 1 why it ended", "1")
  .action(async (url, options) => (await import("./daemon.ts")).daemonCommand(url, options));

program
  .command("preprocessing")
  .description("list the options of train --preprocess")
  .option("--json", "print one JSON document")
  .action(async (options) => (await import("./preprocessing.ts")).preprocessingCommand(options));

for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    reportFailure(error);
    process.exitCode = exitStatusOf(error);
  }
}
