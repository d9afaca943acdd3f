import type { Subject } from '../../../lib/sample/picture';
import * as buildings from './buildings';
import * as clothes from './clothes';
import * as household from './household';
import * as largeAnimals from './largeAnimals';
import * as nature from './nature';
import * as smallAnimals from './smallAnimals';
import * as tools from './tools';
import * as vehicles from './vehicles';

/**
 * Things that CIFAR-10 does not name, to pre-train a backbone on before it ever sees the ten classes.
 * Some are near them (a rabbit's fur, a bus's windows), most are not.
 */
export const OTHER_CLASSES: Readonly<Record<string, Subject>> = {
  cup: { draw: household.drawCup, scenes: ['room', 'blur'] },
  bottle: { draw: household.drawBottle, scenes: ['room', 'blur'] },
  teapot: { draw: household.drawTeapot, scenes: ['room', 'blur'] },
  chair: { draw: household.drawChair, scenes: ['room', 'field'] },
  lamp: { draw: household.drawLamp, scenes: ['room', 'blur'] },
  clock: { draw: household.drawClock, scenes: ['room', 'city'] },
  umbrella: { draw: clothes.drawUmbrella, scenes: ['road', 'sea', 'sky'] },
  book: { draw: household.drawBook, scenes: ['room', 'blur'] },
  hat: { draw: clothes.drawHat, scenes: ['room', 'blur'] },
  shirt: { draw: clothes.drawShirt, scenes: ['room', 'blur'] },
  shoe: { draw: clothes.drawShoe, scenes: ['room', 'road'] },
  key: { draw: tools.drawKey, scenes: ['blur', 'room'] },
  scissors: { draw: tools.drawScissors, scenes: ['blur', 'room'] },
  hammer: { draw: tools.drawHammer, scenes: ['blur', 'room'] },
  guitar: { draw: tools.drawGuitar, scenes: ['room', 'blur'] },
  bell: { draw: tools.drawBell, scenes: ['room', 'sky'] },
  star: { draw: tools.drawStar, scenes: ['blur', 'sky'] },
  heart: { draw: tools.drawHeart, scenes: ['blur', 'room'] },
  ball: { draw: tools.drawBall, scenes: ['field', 'room'] },
  tree: { draw: nature.drawTree, scenes: ['field', 'sky', 'city'] },
  flower: { draw: nature.drawFlower, scenes: ['field', 'forest', 'blur'] },
  mushroom: { draw: nature.drawMushroom, scenes: ['forest', 'field'] },
  apple: { draw: nature.drawApple, scenes: ['room', 'blur'] },
  cactus: { draw: nature.drawCactus, scenes: ['field', 'room'] },
  leaf: { draw: nature.drawLeaf, scenes: ['forest', 'blur'] },
  banana: { draw: nature.drawBanana, scenes: ['room', 'blur'] },
  house: { draw: buildings.drawHouse, scenes: ['field', 'road', 'city'] },
  castle: { draw: buildings.drawCastle, scenes: ['field', 'sky'] },
  windmill: { draw: buildings.drawWindmill, scenes: ['field', 'sky'] },
  lighthouse: { draw: buildings.drawLighthouse, scenes: ['sea', 'sky'] },
  tent: { draw: buildings.drawTent, scenes: ['field', 'forest'] },
  elephant: { draw: largeAnimals.drawElephant, scenes: ['field', 'forest'] },
  giraffe: { draw: largeAnimals.drawGiraffe, scenes: ['field', 'forest', 'sky'] },
  rabbit: { draw: smallAnimals.drawRabbit, scenes: ['field', 'room', 'forest'] },
  pig: { draw: largeAnimals.drawPig, scenes: ['field', 'blur'] },
  fish: { draw: smallAnimals.drawFish, scenes: ['sea', 'blur'] },
  butterfly: { draw: smallAnimals.drawButterfly, scenes: ['field', 'forest', 'blur'] },
  turtle: { draw: smallAnimals.drawTurtle, scenes: ['field', 'sea'] },
  snail: { draw: smallAnimals.drawSnail, scenes: ['field', 'forest'] },
  spider: { draw: smallAnimals.drawSpider, scenes: ['blur', 'room', 'forest'] },
  bicycle: { draw: vehicles.drawBicycle, scenes: ['road', 'city', 'field'] },
  bus: { draw: vehicles.drawBus, scenes: ['road', 'city'] },
  train: { draw: vehicles.drawTrain, scenes: ['field', 'city'] },
  helicopter: { draw: vehicles.drawHelicopter, scenes: ['sky', 'city'] },
  balloon: { draw: vehicles.drawBalloon, scenes: ['sky', 'field'] },
  tractor: { draw: vehicles.drawTractor, scenes: ['field', 'road'] },
  rocket: { draw: vehicles.drawRocket, scenes: ['sky', 'field'] },
};
