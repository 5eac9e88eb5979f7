using LoraBridge.Model;

namespace LoraBridge.TestKit;

/// <summary>The small trained model that ships with the examples: it speaks, unlike the random ones.</summary>
public static class SmallWorld
{
    /// <summary>The model's file.</summary>
    public static string Path { get; } = System.IO.Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf");

    /// <summary>Loads it.</summary>
    public static LM Load(InferenceOptions? inference = null) =>
        new(Path, TinyModels.Device, new LoadingOptions { Inference = inference ?? new InferenceOptions() });
}
