import { Component, type ComponentChildren } from "preact";
import { Button } from "../kit/index.ts";

/** Our own faults stay inside the part that has them. */
export class Boundary extends Component<
  { readonly children: ComponentChildren; readonly what?: string },
  { readonly error: Error | null }
> {
  override state = { error: null as Error | null };

  static override getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div class="a-fault" role="alert">
        <p class="a-fault-title">{this.props.what ?? "This part of the page"} failed to draw.</p>
        <p class="mono">{error.message}</p>
        <p>
          <Button onClick={() => this.setState({ error: null })}>Try again</Button>{" "}
          <Button kind="quiet" icon="copy" onClick={() => void navigator.clipboard.writeText(`${error.message}\n${error.stack ?? ""}`)}>
            Copy details
          </Button>
        </p>
      </div>
    );
  }
}
