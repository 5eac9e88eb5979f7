using LoraBridge.Examples.Scoring;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Examples.BaseModel.Measuring;

/// <summary>A model that answers the questions of a data set, always with its likeliest words.</summary>
internal static class Respondent
{
    public static Func<TaskExample, string> Of(LM model) => example =>
    {
        using var chat = new SingleTurnConversation(model, contextLength: 256)
        {
            SystemPrompt = example.System, SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 64,
        };
        return chat.Submit(example.Question).Text;
    };
}
