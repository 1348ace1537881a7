// weight_init.h: how the weight of a layer begins.
#ifndef OPS_WEIGHT_INIT_H
#define OPS_WEIGHT_INIT_H

typedef enum WeightInit {
    WEIGHT_INIT_USUAL = 0, // conv2d: RN_INIT_HE_FAN_OUT; dense: RN_INIT_UNIFORM_FAN_IN
    WEIGHT_INIT_XAVIER = 1 // RN_INIT_XAVIER_UNIFORM (Glorot and Bengio 2010)
} WeightInit;

#endif
