import * as Stat from './node_modules/@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import * as TimeSeries from './node_modules/@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import * as Table from './node_modules/@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import * as BarGauge from './node_modules/@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import * as StateTimeline from './node_modules/@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
export interface Panels {
  stat: Stat.Options;
  timeseries: TimeSeries.Options;
  timeseriesField: TimeSeries.FieldConfig;
  table: Table.Options;
  tableField: Table.FieldConfig;
  bargauge: BarGauge.Options;
  stateTimeline: StateTimeline.Options;
  stateTimelineField: StateTimeline.FieldConfig;
}
