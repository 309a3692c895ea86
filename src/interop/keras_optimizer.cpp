#include <fmt/format.h>

#include <cmath>

#include "evenkeel/core/error.hpp"
#include "interop/keras_config.hpp"

// Optimizers and learning rate schedules in "compile_config".
namespace evenkeel::keras {
namespace {

LearningRate read_learning_rate(const JsonView& view) {
    if (view.is_number()) return view.number();
    const KerasObject found(view);
    JsonObject config(found.config, view.where());
    config.ignore({"name"});
    LearningRate rate;
    if (found.class_name == "PiecewiseConstantDecay") {
        PiecewiseConstantDecay schedule;
        for (const JsonView& boundary : config.get("boundaries").list()) {
            schedule.boundaries.push_back(boundary.integer());
        }
        schedule.values = config.get("values").numbers();
        rate = schedule;
    } else if (found.class_name == "ExponentialDecay") {
        ExponentialDecay schedule;
        schedule.initial_learning_rate = config.get("initial_learning_rate").number();
        schedule.decay_steps = config.get("decay_steps").integer();
        schedule.decay_rate = config.get("decay_rate").number();
        schedule.staircase = config.flag("staircase", false);
        rate = schedule;
    } else if (found.class_name == "CosineDecay") {
        CosineDecay schedule;
        schedule.initial_learning_rate = config.get("initial_learning_rate").number();
        schedule.decay_steps = config.get("decay_steps").integer();
        schedule.alpha = config.number("alpha", 0.0);
        if (const auto target = config.find("warmup_target")) {
            schedule.warmup_target = target->number();
            if (schedule.warmup_target < 0) target->fail("a number of at least 0");
        }
        if (const auto steps = config.find("warmup_steps")) schedule.warmup_steps = steps->integer();
        rate = schedule;
    } else {
        view.fail("a number, PiecewiseConstantDecay, ExponentialDecay or CosineDecay");
    }
    config.done();
    return rate;
}

struct WriteRate {
    static constexpr const char* module = "keras.optimizers.schedules";

    Json operator()(double rate) const { return rate; }
    Json operator()(const PiecewiseConstantDecay& s) const {
        return object(module, "PiecewiseConstantDecay",
                      {{"boundaries", s.boundaries}, {"values", s.values}, {"name", "PiecewiseConstant"}});
    }
    Json operator()(const ExponentialDecay& s) const {
        return object(module, "ExponentialDecay",
                      {{"initial_learning_rate", s.initial_learning_rate},
                       {"decay_steps", s.decay_steps},
                       {"decay_rate", s.decay_rate},
                       {"staircase", s.staircase},
                       {"name", "ExponentialDecay"}});
    }
    Json operator()(const CosineDecay& s) const {
        return object(module, "CosineDecay",
                      {{"initial_learning_rate", s.initial_learning_rate},
                       {"decay_steps", s.decay_steps},
                       {"alpha", s.alpha},
                       {"name", "CosineDecay"},
                       {"warmup_target", s.warmup_target >= 0 ? Json(s.warmup_target) : Json(nullptr)},
                       {"warmup_steps", s.warmup_steps}});
    }
};

// Each class's own options: read with what the optimizer has so far as the default, written beside it.
struct ReadOwn {
    JsonObject& config;

    void operator()(SGD& o) const {
        o.momentum = config.number("momentum", o.momentum);
        o.nesterov = config.flag("nesterov", o.nesterov);
    }
    void operator()(RMSprop& o) const {
        o.rho = config.number("rho", o.rho);
        o.momentum = config.number("momentum", o.momentum);
        o.epsilon = config.number("epsilon", o.epsilon);
        o.centered = config.flag("centered", o.centered);
    }
    void operator()(Adam& o) const { moments(o); }
    void operator()(AdamW& o) const { moments(o); }
    template <class A>
    void moments(A& o) const {
        o.beta_1 = config.number("beta_1", o.beta_1);
        o.beta_2 = config.number("beta_2", o.beta_2);
        o.epsilon = config.number("epsilon", o.epsilon);
        if (config.flag("amsgrad", false)) {
            fail_input(config.where() + ".amsgrad", "false (Evenkeel has no such option)", "true");
        }
    }
};

struct WriteOwn {
    Json& config;

    void operator()(const SGD& o) const {
        config["momentum"] = o.momentum;
        config["nesterov"] = o.nesterov;
    }
    void operator()(const RMSprop& o) const {
        config["rho"] = o.rho;
        config["momentum"] = o.momentum;
        config["epsilon"] = o.epsilon;
        config["centered"] = o.centered;
    }
    void operator()(const Adam& o) const { moments(o); }
    void operator()(const AdamW& o) const { moments(o); }
    template <class A>
    void moments(const A& o) const {
        config["beta_1"] = o.beta_1;
        config["beta_2"] = o.beta_2;
        config["epsilon"] = o.epsilon;
        config["amsgrad"] = false;
    }
};

Optimizer optimizer_of_class(const JsonView& view, const std::string& name) {
    for (const Optimizer& candidate : {Optimizer(SGD{}), Optimizer(RMSprop{}), Optimizer(Adam{}), Optimizer(AdamW{})}) {
        if (name == class_name(candidate)) return candidate;
    }
    view.fail("one of SGD, RMSprop, Adam, AdamW");
}

}  // namespace

Optimizer read_optimizer(const JsonView& view, const TrainingExtras& extras) {
    if (view.is_text()) {
        const std::string& word = view.text();
        if (word != "sgd" && word != "rmsprop" && word != "adam" && word != "adamw") {
            view.fail("one of sgd, rmsprop, adam, adamw");
        }
        return optimizer_from_word(word);
    }
    const KerasObject found(view);
    Optimizer optimizer = optimizer_of_class(view, found.class_name);
    JsonObject config(found.config, view.where());
    config.ignore({"name", "ema_momentum", "ema_overwrite_frequency"});  // of use_ema, refused where true
    std::visit(
        [&](auto& o) {
            if (const auto rate = config.find("learning_rate")) o.learning_rate = read_learning_rate(*rate);
            o.weight_decay = config.number("weight_decay", o.weight_decay);
            o.clipnorm = config.number("clipnorm", 0.0);
            o.clipvalue = config.number("clipvalue", 0.0);
            o.global_clipnorm = config.number("global_clipnorm", 0.0);
            // Keras decays every trainable variable.
            o.decay_gamma_beta = extras.decay_gamma_beta.value_or(o.weight_decay > 0);
        },
        optimizer);
    std::visit(ReadOwn{config}, optimizer);
    config.done();
    validate(optimizer);
    return optimizer;
}

Json write_optimizer(const Optimizer& optimizer) {
    const auto where_positive = [](double value) { return value > 0 ? Json(value) : Json(nullptr); };
    Json config = {{"name", snake_case(class_name(optimizer))}};
    config["learning_rate"] = std::visit(WriteRate{}, learning_rate(optimizer));
    std::visit(
        [&](const auto& o) {
            // AdamW wants a number even for none.
            config["weight_decay"] =
                std::holds_alternative<AdamW>(optimizer) ? Json(o.weight_decay) : where_positive(o.weight_decay);
            config["clipnorm"] = where_positive(o.clipnorm);
            config["global_clipnorm"] = where_positive(o.global_clipnorm);
            config["clipvalue"] = where_positive(o.clipvalue);
        },
        optimizer);
    config["use_ema"] = false;
    config["ema_momentum"] = 0.99;
    config["ema_overwrite_frequency"] = nullptr;
    std::visit(WriteOwn{config}, optimizer);
    return object("keras.optimizers", class_name(optimizer), std::move(config));
}

}  // namespace evenkeel::keras
