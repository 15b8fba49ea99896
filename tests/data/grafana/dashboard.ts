export { Dashboard } from '@grafana/schema';
