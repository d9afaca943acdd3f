import type { Subject } from '../picture';
import { drawAirplane } from './airplane';
import { drawAutomobile } from './automobile';
import { drawBird } from './bird';
import { drawCat } from './cat';
import { drawDeer } from './deer';
import { drawDog } from './dog';
import { drawFrog } from './frog';
import { drawHorse } from './horse';
import { drawShip } from './ship';
import { drawTruck } from './truck';

/** What is drawn for each of CIFAR-10's class names. Scenes are shared: none belongs to one class. */
export const TEN_CLASSES: Readonly<Record<string, Subject>> = {
  airplane: { draw: drawAirplane, scenes: ['sky', 'sky', 'road', 'field'] },
  automobile: { draw: drawAutomobile, scenes: ['road', 'city', 'field', 'room'] },
  bird: { draw: drawBird, scenes: ['sky', 'forest', 'field', 'sea'] },
  cat: { draw: drawCat, scenes: ['room', 'room', 'field', 'blur'] },
  deer: { draw: drawDeer, scenes: ['forest', 'field', 'field', 'road'] },
  dog: { draw: drawDog, scenes: ['room', 'field', 'field', 'blur'] },
  frog: { draw: drawFrog, scenes: ['forest', 'field', 'blur', 'sea'] },
  horse: { draw: drawHorse, scenes: ['field', 'field', 'forest', 'city'] },
  ship: { draw: drawShip, scenes: ['sea', 'sea', 'sky', 'city'] },
  truck: { draw: drawTruck, scenes: ['road', 'city', 'field', 'sky'] },
};
