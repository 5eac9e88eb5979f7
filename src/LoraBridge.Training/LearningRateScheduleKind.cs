namespace LoraBridge.Finetuning;

/// <summary>How the learning rate develops after warm-up.</summary>
public enum LearningRateScheduleKind
{
    /// <summary>It stays as it is.</summary>
    Constant,

    /// <summary>It falls linearly to the floor.</summary>
    Linear,

    /// <summary>It falls to the floor along half a cosine: slowly at first and at the end.</summary>
    Cosine,
}
