namespace LoraBridge.Formats.Tests;

/// <summary>Model files written by llama.cpp, in the folder that LORABRIDGE_ZOO names.</summary>
internal static class Zoo
{
    public static string[] Files()
    {
        var folder = Environment.GetEnvironmentVariable("LORABRIDGE_ZOO");
        if (string.IsNullOrEmpty(folder))
            Assert.Skip("LORABRIDGE_ZOO is not set.");
        var files = Directory.GetFiles(folder, "*.gguf");
        Assert.NotEmpty(files);
        return files;
    }
}
