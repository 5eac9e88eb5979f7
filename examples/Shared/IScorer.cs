namespace LoraBridge.Examples.Scoring;

/// <summary>Decides whether one answer of a model is right.</summary>
public interface IScorer
{
    /// <summary>What is measured, for a table: "exact match".</summary>
    string Name { get; }

    /// <summary>True when <paramref name="answer"/> is as good as <paramref name="reference"/>.</summary>
    /// <param name="reference">The answer of the data set.</param>
    /// <param name="answer">What the model wrote.</param>
    bool IsCorrect(string reference, string answer);
}
