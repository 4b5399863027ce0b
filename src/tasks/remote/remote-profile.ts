import { TrainyardError } from "../../core/errors.ts";
import { type AllOptions, DaemonProfile } from "../open-profile.ts";
import type { ByeReason } from "./messages.ts";
import { type RemoteOptions, RemoteTransport } from "./remote-transport.ts";

/** A compute profile whose daemons dial in. It has as many slots as there are daemons; tasks wait while there are none. */
export class RemoteProfile extends DaemonProfile {
  readonly remote: RemoteTransport;

  /** Begins to listen; `remote.listening` tells when, or why not. @throws as `RemoteTransport`. */
  constructor(options: Omit<AllOptions, "daemons">, remote: RemoteOptions) {
    const transport = new RemoteTransport(remote);
    super({ ...options, daemons: 0 }, transport);
    this.remote = transport;
    transport.bind({ onSeat: () => super.launch(1), onVacated: (leave) => this.vacate(leave) });
  }

  override get where(): string {
    return this.remote.url;
  }

  override resize(): void {
    throw new TrainyardError("refused", `profile "${this.name}" has the daemons that dial in; start or end some of them`);
  }

  override launch(): void {
    throw new TrainyardError("refused", `profile "${this.name}" listens at ${this.remote.url}: use launchRemote(n, launchers.local())`);
  }

  override close(): Promise<void> {
    return this.leave("reset");
  }

  /** As `close`; `leave` also ends daemons that would dial again. */
  async leave(reason: ByeReason): Promise<void> {
    await super.close();
    await this.remote.close(reason);
  }
}
