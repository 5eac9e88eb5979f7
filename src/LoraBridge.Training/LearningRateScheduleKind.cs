namespace LoraBridge.Finetuning;

/// <summary>How the learning rate changes after warm-up.</summary>
public enum LearningRateScheduleKind
{
    /// <summary>It stays constant.</summary>
    Constant,

    /// <summary>It decays linearly to the floor.</summary>
    Linear,

    /// <summary>It decays to the floor along half a cosine: slowly at first and at the end.</summary>
    Cosine,
}
