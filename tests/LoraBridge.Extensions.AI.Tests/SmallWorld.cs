using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Extensions.AI.Tests;

/// <summary>The shipped model of four million parameters, loaded once for a class of tests.</summary>
public sealed class SmallWorld : IDisposable
{
    public static string Path => System.IO.Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf");

    public LM Model { get; } = new(Path, TinyModels.Device);

    public void Dispose() => Model.Dispose();
}
