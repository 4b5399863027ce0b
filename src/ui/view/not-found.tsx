import { paths } from "../app/router.ts";
import { PageHead } from "./page-head.tsx";

export function NotFoundPage({ path }: { path: string }) {
  return (
    <>
      <PageHead title="There is nothing here" />
      <p>
        No page has the address <code>{path}</code>. <a href={paths.start}>Go to the start</a>.
      </p>
    </>
  );
}
