export { Button, type ButtonProps, IconButton, type IconButtonProps } from "./button.tsx";
export { candidateCount, formatCandidate, parseCandidates, spacedValues } from "./candidates.ts";
export { Card, type CardProps } from "./card.tsx";
export { classNames } from "./class-names.ts";
export { Dialog, type DialogProps } from "./dialog.tsx";
export { Empty, Note, type NoteProps, Pill, Progress, type ProgressProps, Skeleton } from "./feedback.tsx";
export { Field, type FieldProps } from "./field.tsx";
export {
  NumberField,
  type NumberFieldProps,
  Select,
  type SelectProps,
  Switch,
  type SwitchProps,
  TextField,
  type TextFieldProps,
} from "./fields.tsx";
export { FileDrop, type FileDropProps } from "./file-drop.tsx";
export { columnDigits, formatBytes, formatCount, formatDuration, formatMetric, formatShare, formatValue } from "./format.ts";
export { Icon, type IconName } from "./icon.tsx";
export { Menu, type MenuItem, type MenuProps } from "./menu.tsx";
export { SchemaForm, type SchemaFormProps } from "./schema-form.tsx";
export { applicableEntries, changedNames, isChanged } from "./schema-form-model.ts";
export { type Candidates, type FieldProblem, type HyperparameterEntry, isCandidates } from "./schema-types.ts";
export { type Option, Segmented, type SegmentedProps } from "./segmented.tsx";
export { type Column, type Sort, Table, type TableProps } from "./table.tsx";
export { type Tab, Tabs, type TabsProps } from "./tabs.tsx";
export { announce, ToastRegion, toast } from "./toast.tsx";
export type { Tone } from "./tone.ts";
export { Tree, type TreeProps } from "./tree.tsx";
export type { TreeNode } from "./tree-model.ts";
export { TuneField, type TuneFieldProps } from "./tune-field.tsx";
