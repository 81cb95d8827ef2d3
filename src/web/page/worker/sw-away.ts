/** The service worker of the page that reads the store: on web space, only a name leads to a file. */
import { keepShell, workerScope } from './shell.ts'

keepShell(workerScope(), './index.html')
