/** The owner's page without the doorbell: static files that read the household's store from anywhere. */
import { render } from 'preact'
import type { JSX } from 'preact'
import { useRoute, type Route } from '../app/route.ts'
import { ShelfContext } from '../app/shelf-context.ts'
import { useStore } from '../app/store.ts'
import { registerWorker } from '../app/worker-registration.ts'
import { Download } from '../screens/download.tsx'
import { Gate } from '../screens/gate.tsx'
import { VisitScreen, type ActionsProps } from '../screens/visit.tsx'
import { Visits } from '../screens/visits.tsx'
import { texts } from '../texts.ts'
import { Problem, Waiting } from '../ui/parts.tsx'
import { applyTheme, readTheme } from '../ui/theme.ts'
import { AwayFrame } from './frame.tsx'
import { AccessGate, KeyGate } from './gates.tsx'
import type { CloudHouse } from './house.ts'
import { createStage, start } from './start.ts'
import { StoreScreen } from './store-screen.tsx'

const stage = createStage()

function Root(): JSX.Element {
  const now = useStore(stage)
  const route = useRoute()
  switch (now.at) {
    case 'starting':
      return <Waiting />
    case 'impossible':
      return (
        <Gate title={texts.cloud.openTitle}>
          <Problem says={now.why} />
        </Gate>
      )
    case 'access':
      return <AccessGate stage={stage} problem={now.problem} />
    case 'key':
      return <KeyGate stage={stage} access={now.access} />
    case 'in':
      return <Inside house={now.house} route={route} />
  }
}

function Inside({ house, route }: { readonly house: CloudHouse; readonly route: Route }): JSX.Element {
  const isStore = route.at === 'status' || route.at === 'you'
  return (
    <ShelfContext.Provider value={house.shelf}>
      <AwayFrame now={isStore ? 'status' : 'visits'} house={house}>
        {isStore ? (
          <StoreScreen house={house} stage={stage} />
        ) : route.at === 'visit' ? (
          <VisitScreen key={route.visit} visit={route.visit} hasKey actions={Actions} />
        ) : (
          <Visits />
        )}
      </AwayFrame>
    </ShelfContext.Provider>
  )
}

/** Holding and deleting are the doorbell's; grants are signed where they are written into its record. */
function Actions({ clip, fromUnixMs = 0 }: ActionsProps): JSX.Element {
  return (
    <div class="actions">
      {clip.problem === undefined && <Download clip={clip} fromUnixMs={fromUnixMs} />}
    </div>
  )
}

applyTheme(readTheme())
const root = document.getElementById('app')
if (root !== null) render(<Root />, root)
void start(stage)
registerWorker()
